// «Comparar»: a second map beside the first one, which moves with it and shows something else.

import { byId, element, keepFocus } from "../dom.js";
import { cellSideM } from "../geometry.js";
import { MapView } from "../leaflet/view.js";
import { another, choice, releaseChoice } from "./difference.js";
import { holdingOf } from "./holding.js";
import { Key } from "./key.js";
import { renderStrip } from "./legend.js";
import { Painter } from "./painter.js";
import { lineOf, lineOfArea } from "./reading.js";
import { Tip } from "./tip.js";

/** @import {ScreenPoint} from "../leaflet/pointing.js" */
/** @import {Hit, Reading, View} from "../types.d.ts" */
/** @import {ReleaseNames} from "./difference.js" */
/** @import {Desk} from "./desk.js" */
/** @import {Holding} from "./holding.js" */

/** A desk like the page's own, but for what it shows. @param {Desk} desk @param {{ holding: Holding | null }} held @returns {Desk} */
function deskBeside(desk, held) {
  return Object.create(desk, {
    own: { get: () => held.holding ?? desk.own },
    other: { value: null },
    paired: { value: null },
    state: {
      get: () => ({
        ...desk.state,
        attribute: desk.state.beside?.attribute ?? desk.state.attribute,
        against: null,
      }),
    },
  });
}

/**
 * @typedef {object} BesideContext
 * @property {MapView} view the first map
 * @property {ReleaseNames} names
 * @property {(hit: Hit | null) => void} onPick
 * @property {(hit: Hit | null, at: ScreenPoint | null) => void} onHover
 * @property {() => void} onLayout the first map has more room, or less
 * @property {(error: Error) => void} onError
 */

export class Beside {
  /** @param {Desk} desk @param {BesideContext} context */
  constructor(desk, context) {
    this.desk = desk;
    this.context = context;
    this.root = byId("beside");
    this.head = byId("beside-head");
    this.strip = byId("beside-strip");
    /** @type {{ holding: Holding | null }} */
    this.held = { holding: null };
    this.own = deskBeside(desk, this.held);
    /** Made when it is first asked for. @type {{ view: MapView, painter: Painter, key: Key, tip: Tip } | null} */
    this.made = null;
    this.isShown = false;
    this.isMoving = false;
  }

  get isOn() {
    return this.desk.state.beside !== null;
  }

  toggle() {
    const { store, state, keys } = this.desk;
    const attribute = another(keys, state.attribute);
    store.set({ beside: this.isOn ? null : { attribute, release: null } });
    if (this.isOn) this.head.querySelector("select")?.focus({ preventScroll: true });
    else byId("tools-button").focus({ preventScroll: true });
  }

  make() {
    const { view, onPick, onError } = this.context;
    const container = byId("map-beside");
    const second = new MapView(
      container,
      {
        onHover: (hit, at) => this.hover(hit, at),
        onPick,
        onMoving: (at) => this.move(view, at),
        onMove: () => this.rest(),
        onTiles: () => painter.follow(),
        drawing: { onChange: () => {}, onDone: () => {} },
        onError,
      },
      { isPlain: true },
    );
    const painter = new Painter(this.own, second, {
      onPainted: () => key.render(),
      onFollowed: () => key.render(),
      onError,
    });
    const key = new Key(this.own, painter, {
      onModel: (model) => renderStrip(this.strip, model, "beside-colours"),
      onError,
    });
    second.setBasemap(this.desk.page.basemap);
    return { view: second, painter, key, tip: new Tip(container, byId("live")) };
  }

  /** The state, the language or the data has changed. */
  async show() {
    const { isOn } = this;
    this.lay(isOn);
    if (!isOn) return;
    this.made ??= this.make();
    const { view, painter } = this.made;
    view.resize();
    this.follow(this.context.view.view());
    this.render();
    try {
      await this.hold();
      if (this.isOn) await painter.show();
    } catch (error) {
      this.context.onError(/** @type {Error} */ (error));
    }
  }

  /** @param {boolean} isOn */
  lay(isOn) {
    if (this.isShown === isOn) return;
    this.isShown = isOn;
    this.root.hidden = !isOn;
    document.body.classList.toggle("is-comparing", isOn);
    this.context.onLayout();
  }

  /** Has the release at hand that is shown, or none where it is the first map's. */
  async hold() {
    const name = this.desk.state.beside?.release ?? null;
    if (name === (this.held.holding?.named ?? null)) return;
    this.held.holding = null;
    const found = name === null ? null : await holdingOf(name, this.desk.keys);
    if ((this.desk.state.beside?.release ?? null) === name) this.held.holding = found;
  }

  /** Newer data. */
  forget() {
    this.held.holding = null;
    this.made?.painter.samples.forget();
  }

  /** One map has moved, and the other goes along. @param {MapView | undefined} view @param {View} at */
  move(view, at) {
    if (!this.isOn || !view || this.isMoving) return;
    this.isMoving = true;
    view.follow(at);
    this.isMoving = false;
  }

  /** The first map has moved. @param {View} at */
  follow(at) {
    this.move(this.made?.view, at);
  }

  /** The second map rests. */
  rest() {
    const { made } = this;
    if (!made || !this.isOn) return;
    if (made.painter.isStale) made.painter.show();
    else made.painter.follow();
  }

  /** What is pointed at on the first map is told of here too. @param {Hit | null} hit @param {ScreenPoint | null} at */
  mirror(hit, at) {
    const { made } = this;
    if (!made || !this.isOn) return;
    const same = hit?.kind === "area" || !hit || !at ? hit : made.view.pointing.hitAtPoint(at);
    if (made.painter.colouring.kind === "areas")
      made.view.areas.highlight(same?.kind === "area" ? same.code : null);
    made.tip.show(same && this.lineOf(same), at);
  }

  /** What is pointed at here is told of on the first map too. @param {Hit | null} hit @param {ScreenPoint | null} at */
  hover(hit, at) {
    const { view, onHover } = this.context;
    this.made?.tip.show(hit && this.lineOf(hit), at);
    const same = hit?.kind === "area" || !hit || !at ? hit : view.pointing.hitAtPoint(at);
    if (view.kind === "areas") view.areas.highlight(same?.kind === "area" ? same.code : null);
    onHover(same, at);
  }

  /** @param {Hit} hit */
  lineOf(hit) {
    const { words } = this.desk;
    if (hit.kind !== "area")
      return lineOf(this.own, hit, hit.kind === "cell" ? words.distance(cellSideM(hit)) : "");
    const layer = this.made?.painter.areaLayer ?? null;
    const area = this.own.areaOf(layer, hit.code);
    return area ? lineOfArea(this.own, layer, area) : null;
  }

  render() {
    const { beside } = this.desk.state;
    if (!beside) return;
    const { words, page } = this.desk;
    const { names } = this.context;
    names.want();
    const set = (/** @type {Partial<Reading>} */ change) =>
      this.desk.store.set({ beside: { ...beside, ...change } });
    keepFocus(this.head, () =>
      this.head.replaceChildren(
        choice("beside-attribute", words.t("beside.attribute"), {
          options: page.attributes.map(({ key, label }) => ({
            value: key,
            text: label[words.lang],
          })),
          value: beside.attribute,
          onChange: (attribute) => set({ attribute }),
        }),
        releaseChoice("beside-release", words.t("beside.releases"), {
          desk: this.desk,
          names,
          chosen: beside.release,
          onChange: (release) => set({ release }),
        }) ?? "",
        element("button", {
          type: "button",
          class: "close versus-close",
          "data-focus": "beside-close",
          "aria-label": words.t("beside.stop"),
          title: words.t("beside.stop"),
          onclick: () => this.toggle(),
        }),
      ),
    );
  }
}
