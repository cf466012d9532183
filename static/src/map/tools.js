// «Herramientas»: a button with a list that is closed until asked for, and what each tool needs.

import { byId, element } from "../dom.js";
import { takeAway } from "./taking.js";

/** @import {MapView} from "../leaflet/view.js" */
/** @import {Draft, Kind} from "../leaflet/drawing.js" */
/** @import {DrawnShape} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/** @type {[Kind, string][]} */
const KINDS = [
  ["polygon", "tools.polygon"],
  ["circle", "tools.circle"],
];
const REFUSED = { crosses: "draw.crosses", full: "draw.full" };

/** @typedef {{ label: string, icon: string, tool: { isOn: boolean, toggle: () => void } }} Switch what is on until it is turned off */

/**
 * @typedef {object} ToolsContext
 * @property {MapView} view
 * @property {() => Switch[]} switches
 * @property {() => Words} words
 * @property {(text: string) => void} say
 * @property {() => string | null} releaseName
 * @property {() => Promise<void>} saveImage
 * @property {() => void} onStart
 * @property {(shape: DrawnShape, byKeyboard: boolean) => void} onDrawn
 */

export class Tools {
  /** @param {ToolsContext} context */
  constructor(context) {
    this.context = context;
    this.root = byId("tools");
    this.button = byId("tools-button");
    this.list = byId("tools-list");
    this.bar = byId("drawbar");
    /** @type {Draft | null} */
    this.draft = null;
    this.byKeyboard = false;
    this.parts = this.makeBar();
    this.button.addEventListener("click", () => this.toggle(Boolean(this.list.hidden)));
    // Before the page's own Escape, which closes the panel.
    addEventListener("keydown", (event) => this.escape(event), true);
    this.root.addEventListener("focusout", ({ relatedTarget: to }) => {
      if (to instanceof Node && !this.root.contains(to)) this.toggle(false);
    });
    addEventListener("pointerdown", ({ target }) => {
      if (!(target instanceof Node && this.root.contains(target))) this.toggle(false);
    });
  }

  makeBar() {
    const { view } = this.context;
    const button = (/** @type {string} */ className, /** @type {() => void} */ onclick) =>
      element("button", { type: "button", class: className, onclick });
    const radius = element("input", { type: "number", min: 10, max: 100000, step: 10 });
    radius.addEventListener("change", () => view.drawing.setRadius(Number(radius.value) || 0));
    const parts = {
      hint: element("p", { class: "drawbar-hint", id: "drawbar-hint" }),
      radius,
      radiusName: element("span", {}),
      undo: button("button button-quiet", () => view.drawing.undo()),
      finish: button("button", () => view.drawing.finish()),
      cancel: button("button button-quiet", () => this.cancel()),
    };
    const field = element("label", { class: "drawbar-radius" }, parts.radiusName, radius, "m");
    const buttons = element(
      "div",
      { class: "drawbar-buttons" },
      field,
      parts.undo,
      parts.finish,
      parts.cancel,
    );
    this.bar.replaceChildren(parts.hint, buttons);
    return { ...parts, field };
  }

  renderList() {
    const words = this.context.words();
    this.list.replaceChildren(
      ...KINDS.map(([kind, label]) =>
        element(
          "li",
          {},
          element("button", { type: "button", onclick: () => this.start(kind) }, icon(kind), [
            words.t(label),
          ]),
        ),
      ),
      ...this.context.switches().map((each) => element("li", {}, this.switchButton(each))),
      ...takeAway(words, this.context.releaseName(), this.context.say, this.context.saveImage),
    );
  }

  /** @param {Switch} each */
  switchButton({ label, icon: kind, tool }) {
    const onclick = () => {
      this.toggle(false);
      tool.toggle();
    };
    return element(
      "button",
      { type: "button", "aria-pressed": String(tool.isOn), onclick },
      icon(kind),
      label,
    );
  }

  translate() {
    const words = this.context.words();
    this.renderList();
    this.parts.radiusName.textContent = words.t("draw.radius");
    this.parts.undo.textContent = words.t("draw.undo");
    this.parts.finish.textContent = words.t("draw.finish");
    this.parts.cancel.textContent = words.t("draw.cancel");
    this.renderBar();
  }

  /** @param {boolean} open */
  toggle(open) {
    this.list.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
  }

  /** @param {KeyboardEvent} event */
  escape(event) {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (this.draft) this.cancel();
    else if (!this.list.hidden) {
      this.toggle(false);
      this.button.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {Kind} kind */
  start(kind) {
    this.byKeyboard = document.activeElement?.matches(":focus-visible") === true;
    this.toggle(false);
    this.context.onStart();
    document.body.classList.add("is-drawing");
    this.bar.hidden = false;
    this.context.view.startDrawing(kind);
    byId("map").focus({ preventScroll: true });
  }

  cancel() {
    this.context.view.stopDrawing();
    this.close();
    this.context.say(this.context.words().t("draw.cancelled"));
    this.button.focus({ preventScroll: true });
  }

  close() {
    this.draft = null;
    this.bar.hidden = true;
    document.body.classList.remove("is-drawing");
  }

  /** @param {Draft} draft */
  changed(draft) {
    const before = this.draft;
    this.draft = draft;
    this.renderBar();
    const isNew = draft.points !== before?.points || draft.refused !== before?.refused;
    if (isNew) this.context.say(this.hint(draft));
  }

  /** @param {DrawnShape} shape */
  done(shape) {
    const { activeElement } = document;
    const byKeyboard = activeElement?.matches(":focus-visible") === true && this.byKeyboard;
    this.close();
    this.context.onDrawn(shape, byKeyboard);
  }

  /** @param {Draft} draft */
  hint({ kind, points, refused }) {
    const words = this.context.words();
    if (refused) return words.t(REFUSED[refused]);
    if (kind === "circle") return words.t(points === 0 ? "draw.circle" : "draw.circle.edge");
    if (points === 0) return words.t("draw.polygon");
    return words.count(points < 3 ? "draw.points" : "draw.points.enough", points);
  }

  renderBar() {
    const { draft, parts } = this;
    if (!draft) return;
    const hasCentre = draft.kind === "circle" && draft.points > 0;
    parts.hint.textContent = this.hint(draft);
    parts.hint.classList.toggle("refused", draft.refused !== null);
    parts.field.hidden = !hasCentre;
    if (document.activeElement !== parts.radius) {
      parts.radius.value = String(Math.round(draft.radius_m));
    }
    parts.undo.disabled = draft.points === 0;
    parts.finish.disabled = !draft.canFinish;
  }
}

/** @param {string} kind */
function icon(kind) {
  return element("span", { class: `tool-icon tool-${kind}`, "aria-hidden": "true" });
}
