// Colours the map.

import * as api from "../api.js";
import { isDark } from "../colour.js";
import { byId } from "../dom.js";
import { around } from "../geometry.js";
import { OutlineSource } from "../outlines.js";
import { areWithin, boundsOf } from "../ranges.js";
import { coarsenessOf, colouringOf, modeOf } from "./colouring.js";
import { renderModes } from "./modes.js";
import { colourOf, coloursOf, lineOfArea, measureOf, scaleOfMap, valueOfArea } from "./reading.js";
import { SampleBook } from "./sample.js";

/** @import {AreaLook} from "../leaflet/areas.js" */
/** @import {MapView} from "../leaflet/view.js" */
/** @import {Measure} from "../measure.js" */
/** @import {Colouring} from "./colouring.js" */
/** @import {Scale, ScoreRange} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */

export class Painter {
  /**
   * @param {Desk} desk @param {MapView} view
   * @param {{ onPainted: () => void, onFollowed: () => void, onError: (error: Error) => void }} handlers
   */
  constructor(desk, view, { onPainted, onFollowed, onError }) {
    this.desk = desk;
    this.view = view;
    this.onPainted = onPainted;
    this.onFollowed = onFollowed;
    this.onError = onError;
    this.samples = new SampleBook(matchMedia("(max-width: 600px)").matches);
    /** Whether the dots are a sample. */
    this.sampled = false;
    /** What is on the map now, and of which other release. */
    this.shown = "";
    /** Layer whose outlines are on the map. @type {string | null} */
    this.outlined = null;
  }

  /** @returns {Colouring} */
  get colouring() {
    return colouringOf(this.desk.state.mode, this.view.view().zoom, this.desk.page.layers);
  }

  /** What takes other layers or other data to be shown. */
  get wanted() {
    return `${modeOf(this.colouring)} ${this.desk.state.against?.release ?? ""}`;
  }

  get isStale() {
    return this.shown !== this.wanted;
  }

  /** The layer whose areas have outlines: the coloured one, the selected one, or the first. */
  get areaLayer() {
    const { colouring } = this;
    if (colouring.kind === "areas") return colouring.layer;
    return this.desk.state.area?.layer ?? this.desk.layers[0]?.key ?? null;
  }

  get scale() {
    return scaleOfMap(this.desk, this.colouring);
  }

  /** The box around all outlines, known once their figures are. */
  get layerBox() {
    const list = this.desk.lists.get(this.areaLayer ?? "");
    return list ? around(list.areas.map((a) => a.bbox)) : null;
  }

  renderModes() {
    const { layers, store, words } = this.desk;
    const modes = [
      ...layers.map(({ key, label }) => ({ key, label: label[words.lang] })),
      { key: "cells", label: words.t("mode.cells") },
      { key: "photos", label: words.t("mode.photos") },
    ];
    renderModes(byId("modes"), modes, modeOf(this.colouring), (mode) => store.set({ mode }));
  }

  /** Puts the right layers on the map, then colours them. */
  async show() {
    const { colouring, wanted } = this;
    this.shown = wanted;
    this.renderModes();
    try {
      if (this.desk.needsOther) await this.desk.findOther();
      if (this.shown !== wanted) return;
      this.view.show(colouring.kind, this.desk.source, coarsenessOf(this.desk.release));
      this.paint();
      await this.loadAreas();
    } catch (error) {
      this.onError(/** @type {Error} */ (error));
    }
    if (colouring.kind === "photos") this.loadPhotos();
    this.paint();
    this.onFollowed();
  }

  /** Outlines first; the figures that colour them may come later. */
  async loadAreas() {
    const layer = this.areaLayer;
    if (!layer) return;
    const { own, other } = this.desk;
    const lists = Promise.all([own.arrive(layer), other?.arrive(layer)]);
    if (this.outlined !== layer) {
      await this.outline(layer);
      this.paint();
    }
    await lists;
    if (this.outlined === layer) this.view.areas.setAreas(this.desk.lists.get(layer)?.areas ?? []);
  }

  /** @param {string} layer */
  async outline(layer) {
    const { figures, words, layers } = this.desk;
    const tiles = layers.find((each) => each.key === layer)?.tiles;
    const shapes = tiles ? null : await figures.outlines(layer);
    if (this.areaLayer !== layer) return;
    this.outlined = layer;
    if (tiles) this.view.areas.setTiles(new OutlineSource(tiles, api.tile), this.onError);
    else if (shapes) this.view.areas.setShapes(shapes, words.collator.compare);
  }

  /** Dots from the tiles where they hold them all, else from the sample. */
  async loadPhotos() {
    const { cells } = this.view;
    if (!cells?.complete()) return;
    const held = cells.photos();
    this.sampled = held === null;
    try {
      const parts = held ?? [await this.samples.points(this.desk.keys, this.desk.other?.named)];
      if (this.colouring.kind === "photos") this.view.setPoints(parts);
    } catch (error) {
      this.onError(/** @type {Error} */ (error));
    }
    this.onPainted();
  }

  anotherSample() {
    this.samples.another();
    this.loadPhotos();
  }

  /** What is in view has changed: by moving, or by tiles that arrived. */
  follow() {
    if (this.colouring.kind === "photos") this.loadPhotos();
    this.onFollowed();
  }

  /** @returns {Measure} */
  get measure() {
    return measureOf(this.desk);
  }

  /** Colours from memory: no change of attribute or language asks the server for anything. */
  paint() {
    const bounds = boundsOf(this.desk.state.only, this.desk.keys);
    const { measure, scale } = this;
    this.view.paintScores({ measure, bounds, ...coloursOf(this.desk, scale) });
    this.view.paintAreas((code) => this.lookOf(code, scale));
    this.onPainted();
  }

  /** What is said of an area is put into words only where it is asked for: a layer may have thousands. @param {string} code @param {Scale} scale @returns {AreaLook} */
  lookOf(code, scale) {
    const { desk, areaLayer } = this;
    const area = desk.areaOf(areaLayer, code);
    if (!area || this.colouring.kind !== "areas") {
      return { fill: null, dark: false, text: area?.name ?? code };
    }
    const value = valueOfArea(desk, areaLayer, area);
    const isWithin = areWithin(area.attributes, desk.state.only);
    const shown = area.n > 0 && value !== null && isWithin ? colourOf(desk, scale, value) : null;
    return {
      fill: area.n > 0 && value === null ? "hatch" : shown,
      get dark() {
        return shown !== null && isDark(shown);
      },
      get text() {
        return lineOfArea(desk, areaLayer, area);
      },
    };
  }

  /**
   * In points, of what lies in the ranges.
   * @param {ScoreRange[]} ranges @returns {number[]}
   */
  valuesInView(ranges) {
    const { colouring, view, measure } = this;
    const { keys, lists } = this.desk;
    const bounds = boundsOf(ranges, keys);
    if (colouring.kind === "cells") return view.cells?.values(view.bbox(), measure, bounds) ?? [];
    if (colouring.kind === "photos") return view.dots.values(measure, bounds);
    const areas = lists.get(colouring.layer)?.areas ?? [];
    const within = areas.filter((a) => areWithin(a.attributes, ranges));
    return within.flatMap((a) => valueOfArea(this.desk, colouring.layer, a) ?? []);
  }
}
