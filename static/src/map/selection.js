// What is pointed at, what is chosen, and the panel that tells of it.

import * as api from "../api.js";
import { byId } from "../dom.js";
import { cellBbox, cellSideM } from "../geometry.js";
import { readingOf } from "../measure.js";
import { bboxOf } from "../zone.js";
import { spreadOf } from "./colouring.js";
import { lineOf, lineOfArea, measureOf, valueOfArea } from "./reading.js";

/** @import {MapView} from "../leaflet/view.js" */
/** @import {Bbox, CellKey, DrawnShape, Hit, MapState} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */
/** @import {Key} from "./key.js" */
/** @import {Painter} from "./painter.js" */
/** @import {Panel} from "./panel.js" */
/** @import {Sheet} from "./sheet.js" */
/** @import {Refused, Subject} from "./subject.js" */
/** @import {Tip} from "./tip.js" */

const AREA_ZOOM = 14;

/**
 * @typedef {object} SelectionParts
 * @property {Desk} desk
 * @property {MapView} view
 * @property {Painter} painter
 * @property {Key} key
 * @property {Panel} panel
 * @property {Sheet} sheet
 * @property {Tip} tip
 * @property {() => import("../leaflet/framing.js").Padding} padding
 * @property {(error: Error) => void} onError
 */

export class Selection {
  /** @param {SelectionParts} parts */
  constructor({ desk, view, painter, key, panel, sheet, tip, padding, onError }) {
    this.desk = desk;
    this.view = view;
    this.painter = painter;
    this.key = key;
    this.panel = panel;
    this.sheet = sheet;
    this.tip = tip;
    this.padding = padding;
    this.onError = onError;
  }

  /** @param {boolean} first whether the page has just been opened */
  async show(first) {
    const { area, cell, zone } = this.desk.state;
    this.mark();
    if (area) await this.showArea(area, first);
    else if (cell) await this.showCell(cell, first);
    else if (zone) await this.showZone(zone, first);
    else this.tell(null);
    if (!this.panel.subject && this.sheet.stop !== "peek" && !first) this.sheet.set("peek", false);
  }

  /** The panel is there before the map moves, so that what is told of is seen beside it. @param {Subject | Refused | null} subject */
  tell(subject) {
    this.panel.show(subject);
    document.body.classList.toggle("has-panel", subject !== null);
    if (subject) this.sheet.open();
  }

  /**
   * Unless the address says what the map shows.
   * @param {Bbox} box @param {{ lat: number, lon: number } | null} place @param {boolean} first
   */
  reveal(box, place, first) {
    if (!place || (first && this.desk.state.view !== null)) return;
    this.view.reveal(box, place, this.padding());
  }

  /** @param {NonNullable<MapState["area"]>} selected @param {boolean} first */
  async showArea(selected, first) {
    const { figures, layers, lists, release } = this.desk;
    const layer = layers.find((l) => l.key === selected.layer);
    const list = layer ? await figures.list(layer.key).catch(() => null) : null;
    if (this.desk.state.area !== selected) return;
    if (list) lists.set(list.layer, list);
    const area = this.desk.areaOf(selected.layer, selected.code);
    if (!layer || !list || !area) {
      this.tell(null);
      return;
    }
    const spread = spreadOf({ kind: "areas", layer: layer.key }, release) ?? 5;
    this.tell({ kind: "area", layer, area, floor: list.floor, spread });
    this.reveal(area.bbox, this.view.placeOf(area.code), first);
  }

  /** @param {CellKey} key @param {boolean} first */
  async showCell(key, first) {
    try {
      const cell = await api.cell(key);
      if (this.desk.state.cell !== key) return;
      const spread = spreadOf({ kind: "cells" }, this.desk.release) ?? 5;
      this.tell({ kind: "cell", cell, spread });
      this.reveal(cell.bbox, middleOf(cell.bbox), first);
    } catch (error) {
      this.onError(/** @type {Error} */ (error));
    }
  }

  /** @param {DrawnShape} shape @param {boolean} first */
  async showZone(shape, first) {
    const box = bboxOf(shape);
    const isUnplaced = first && this.desk.state.view === null;
    try {
      const zone = await api.zone(shape);
      if (this.desk.state.zone !== shape) return;
      const spread = spreadOf({ kind: "cells" }, this.desk.release) ?? 5;
      this.tell({ kind: "zone", shape, zone, spread });
    } catch (error) {
      const failed = /** @type {Error} */ (error);
      if (this.desk.state.zone !== shape) return;
      if (!(failed instanceof api.RequestFailed && failed.status === 422)) this.onError(failed);
      else this.tell({ kind: "refused", shape, problem: failed.problem });
    }
    if (isUnplaced) this.view.fit(box, this.padding());
    else this.reveal(box, middleOf(box), first);
  }

  /** What was drawn is chosen. @param {DrawnShape} zone @param {boolean} byKeyboard */
  pickZone(zone, byKeyboard) {
    this.desk.store.set({ zone, area: null, cell: null });
    if (byKeyboard) this.focusPanel();
  }

  /** Outlines on the map what is chosen. */
  mark() {
    const { area, cell, zone, photo } = this.desk.state;
    this.view.select({
      area: area && area.layer === this.painter.outlined ? area.code : null,
      cell: cell ? cellBbox(cell) : null,
      zone,
      photo,
    });
  }

  /** From search or table: goes there too. @param {string} code @param {Partial<MapState>} also */
  openArea(code, also) {
    const layer = this.painter.areaLayer;
    if (!layer) return;
    this.desk.store.set({ ...also, area: { layer, code }, cell: null, zone: null });
    this.sheet.open(true);
    this.focusPanel();
    const area = this.desk.areaOf(layer, code);
    if (area) this.view.fit(area.bbox, this.padding(), AREA_ZOOM);
  }

  /** @param {Hit | null} hit */
  pick(hit) {
    this.tip.show(null, null);
    if (!hit) {
      this.close();
      return;
    }
    const byKeyboard = document.activeElement?.matches(":focus-visible") === true;
    const { store } = this.desk;
    if (hit.kind === "photo") store.set({ photo: hit.id });
    else if (hit.kind === "area") {
      const area = { layer: this.painter.areaLayer ?? "", code: hit.code };
      store.set({ area, cell: null, zone: null });
    } else store.set({ cell: { z: hit.z, x: hit.x, y: hit.y }, area: null, zone: null });
    if (byKeyboard && hit.kind !== "photo") this.focusPanel();
  }

  /** The panel is filled a moment later; the focus may be there already. */
  focusPanel() {
    const panel = byId("panel");
    panel.hidden = false;
    this.sheet.open();
    panel.focus({ preventScroll: true });
  }

  /** Whether anything was chosen. */
  close() {
    const { area, cell, zone } = this.desk.state;
    if (!area && !cell && !zone) return false;
    const hadFocus = byId("panel").contains(document.activeElement);
    this.desk.store.set({ area: null, cell: null, zone: null });
    if (!hadFocus) return true;
    if (area && this.painter.colouring.kind === "areas") this.view.areas.focus(area.code);
    else byId("map").focus({ preventScroll: true });
    return true;
  }

  /**
   * @param {Hit | null} hit @param {{ x: number, y: number } | null} at
   * @param {"pointer" | "focus" | "centre"} how
   */
  hover(hit, at, how) {
    const text = hit ? this.tipText(hit) : null;
    const byTouch = how === "pointer" && !matchMedia("(hover: hover)").matches;
    this.tip.show(byTouch ? null : text, at);
    if (text) this.tip.say(text);
    this.key.point(hit ? this.scoreOf(hit) : null);
  }

  /** @param {Hit} hit */
  tipText(hit) {
    if (hit.kind === "area") {
      const { areaLayer } = this.painter;
      const area = this.desk.areaOf(areaLayer, hit.code);
      return area ? lineOfArea(this.desk, areaLayer, area) : null;
    }
    const size = hit.kind === "cell" ? this.desk.words.distance(cellSideM(hit)) : "";
    return lineOf(this.desk, hit, size);
  }

  /** @param {Hit} hit @returns {number | null} */
  scoreOf(hit) {
    if (hit.kind !== "area") return readingOf(hit.scores, measureOf(this.desk));
    const { areaLayer } = this.painter;
    const area = this.desk.areaOf(areaLayer, hit.code);
    return area ? valueOfArea(this.desk, areaLayer, area) : null;
  }
}

/** @param {Bbox} box */
function middleOf([west, south, east, north]) {
  return { lat: (south + north) / 2, lon: (west + east) / 2 };
}
