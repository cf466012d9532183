// «Filtrar»: ranges of scores of all six attributes at once.

import { byId, element, keepFocus } from "../dom.js";
import { withRange } from "../ranges.js";

/** @import {Attribute} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */

const STEP = 0.5;
const MOST = 10;

/**
 * Two edges as somebody typed them, in order and within the scale; null for no range at all.
 * @param {number} low @param {number} high @returns {[low: number, high: number] | null}
 */
export function tidied(low, high) {
  const within = (/** @type {number} */ v) =>
    Math.min(MOST, Math.max(0, Number.isFinite(v) ? v : 0));
  const [from, to] = [within(low), within(high)].sort((a, b) => a - b);
  if (from === undefined || to === undefined) return null;
  if (from === to)
    return [Math.max(0, from - (from === MOST ? STEP : 0)), Math.min(MOST, to + STEP)];
  return [from, to];
}

export class Ranges {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.root = byId("ranges");
    this.isOn = false;
  }

  toggle() {
    this.isOn = !this.isOn;
    this.render();
    if (this.isOn) this.root.querySelector("input")?.focus({ preventScroll: true });
    else byId("tools-button").focus({ preventScroll: true });
  }

  render() {
    this.root.hidden = !this.isOn;
    if (!this.isOn) return this.root.replaceChildren();
    const { words, page, state, store } = this.desk;
    keepFocus(this.root, () =>
      this.root.replaceChildren(
        element(
          "header",
          { class: "ranges-head" },
          element("h2", {}, words.t("ranges.title")),
          element("button", {
            type: "button",
            class: "close",
            "data-focus": "ranges-close",
            "aria-label": words.t("ranges.close"),
            onclick: () => this.toggle(),
          }),
        ),
        element("p", { class: "quiet" }, words.t("ranges.note")),
        ...page.attributes.map((attribute) => this.row(attribute)),
        element(
          "button",
          {
            type: "button",
            class: "button button-quiet",
            "data-focus": "ranges-clear",
            disabled: state.only.length === 0,
            onclick: () => store.set({ only: [] }),
          },
          words.t("ranges.clear"),
        ),
      ),
    );
  }

  /** @param {Attribute} attribute */
  row({ key, label }) {
    const { words, state, store } = this.desk;
    const range = state.only.find((r) => r.attribute === key);
    const field = (/** @type {"low" | "high"} */ edge, /** @type {number} */ value) =>
      element("input", {
        type: "number",
        min: 0,
        max: MOST,
        step: STEP,
        value,
        "data-focus": `${key}-${edge}`,
        "aria-label": words.t(edge === "low" ? "ranges.low" : "ranges.high", {
          label: label[words.lang],
        }),
      });
    const low = field("low", range?.low ?? 0);
    const high = field("high", range?.high ?? MOST);
    const change = () =>
      store.set({
        only: withRange(state.only, key, tidied(low.valueAsNumber, high.valueAsNumber)),
      });
    low.addEventListener("change", change);
    high.addEventListener("change", change);
    return element(
      "div",
      { class: range ? "ranges-row is-set" : "ranges-row" },
      element("span", {}, label[words.lang]),
      low,
      element("span", { "aria-hidden": "true" }, "–"),
      high,
    );
  }
}
