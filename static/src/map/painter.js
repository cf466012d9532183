// Colours the map, and says in the legend what the colours mean.

import { colourOf, isDark, lookup } from "../colour.js";
import { byId } from "../dom.js";
import { around } from "../geometry.js";
import { coarsenessOf, colouringOf, modeOf, scaleFor } from "./colouring.js";
import { pointAt, renderLegend, renderStrip } from "./legend.js";
import { renderModes } from "./modes.js";
import { SampleBook } from "./sample.js";
import { tipOfArea } from "./wording.js";

/** @import {MapView} from "../leaflet/view.js" */
/** @import {Colouring} from "./colouring.js" */
/** @import {Desk} from "./desk.js" */
/** @import {Status} from "./status.js" */

export class Painter {
  /**
   * @param {Desk} desk @param {MapView} view @param {Status} status
   * @param {(error: Error) => void} onError
   */
  constructor(desk, view, status, onError) {
    this.desk = desk;
    this.view = view;
    this.status = status;
    this.onError = onError;
    this.samples = new SampleBook(matchMedia("(max-width: 600px)").matches);
    /** Whether the dots are a sample. */
    this.sampled = false;
    /** Mode of what is on the map now. */
    this.shown = "";
    /** Layer whose outlines are on the map. @type {string | null} */
    this.outlined = null;
  }

  /** @returns {Colouring} */
  get colouring() {
    return colouringOf(this.desk.state.mode, this.view.view().zoom, this.desk.page.layers);
  }

  get isStale() {
    return this.shown !== modeOf(this.colouring);
  }

  /** The layer whose areas have outlines: the coloured one, the selected one, or the first. */
  get areaLayer() {
    const { colouring } = this;
    if (colouring.kind === "areas") return colouring.layer;
    return this.desk.state.area?.layer ?? this.desk.layers[0]?.key ?? null;
  }

  get scale() {
    return scaleFor(this.colouring, this.desk.release, this.desk.attribute);
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
    const { colouring } = this;
    const { source, release } = this.desk;
    this.shown = modeOf(colouring);
    this.renderModes();
    this.view.show(colouring.kind, source, coarsenessOf(release));
    this.paint();
    try {
      await this.loadAreas();
    } catch (error) {
      this.onError(/** @type {Error} */ (error));
    }
    if (colouring.kind === "photos") this.loadPhotos();
    this.paint();
  }

  /** Outlines first; the figures that colour them may come later. */
  async loadAreas() {
    const layer = this.areaLayer;
    if (!layer) return;
    const { figures, lists, words } = this.desk;
    const list = figures.list(layer);
    if (this.outlined !== layer) {
      const shapes = await figures.outlines(layer);
      if (this.areaLayer !== layer) return;
      this.outlined = layer;
      this.view.areas.setShapes(shapes, words.collator.compare);
      this.paint();
    }
    const arrived = await list;
    if (arrived) lists.set(layer, arrived);
  }

  /** Dots from the tiles where they hold them all, else from the sample. */
  async loadPhotos() {
    const { cells } = this.view;
    if (!cells?.complete()) return;
    const held = cells.photos();
    this.sampled = held === null;
    try {
      const parts = held ?? [await this.samples.points(this.desk.keys)];
      if (this.colouring.kind === "photos") this.view.setPoints(parts);
    } catch (error) {
      this.onError(/** @type {Error} */ (error));
    }
    this.renderLegend();
  }

  /** What is in view has changed: by moving, or by tiles that arrived. */
  follow() {
    if (this.colouring.kind === "photos") this.loadPhotos();
    else this.renderLegend();
  }

  /** Colours from memory: no change of attribute or language asks the server for anything. */
  paint() {
    this.view.paintScores(lookup(this.scale), this.desk.attributeIndex);
    this.view.paintAreas((code) => this.lookOf(code));
    this.renderLegend();
  }

  /** @param {string} code */
  lookOf(code) {
    const { words, attribute } = this.desk;
    const area = this.desk.areaOf(this.areaLayer, code);
    if (!area || this.colouring.kind !== "areas") {
      return { fill: null, dark: false, text: area?.name ?? code };
    }
    const text = tipOfArea(words, area, attribute.key);
    const figure = area.attributes[attribute.key];
    if (area.n === 0) return { fill: null, dark: false, text };
    if (!area.shown || !figure) return { fill: "hatch", dark: false, text };
    const fill = colourOf(this.scale, figure.mean);
    return { fill, dark: isDark(fill), text };
  }

  renderLegend() {
    const { words, attribute, release } = this.desk;
    const { scale } = this;
    const { kind } = this.colouring;
    const scores = this.scoresInView();
    const model = {
      words,
      attribute,
      scale,
      kind,
      scores,
      caption: this.captionOf(scores.length),
      sample: kind === "photos" && this.sampled ? this.samples.text(words) : null,
      release,
      onAnother: () => {
        this.samples.another();
        this.loadPhotos();
      },
    };
    renderLegend(byId("legend"), model);
    renderStrip(byId("strip"), model);
    byId("legend").hidden = !release;
    const isBare = kind !== "areas" && this.view.cells?.complete() && scores.length === 0;
    const notice = release ? "map.empty" : "map.empty.release";
    this.status.setNotice(!release || isBare ? words.t(notice) : null);
  }

  /** Marks a score on the bar. @param {number | null} score */
  point(score) {
    pointAt(byId("legend"), this.scale, score);
  }

  /** @returns {number[]} */
  scoresInView() {
    const { colouring, view } = this;
    const { attributeIndex, attribute, lists } = this.desk;
    if (colouring.kind === "cells") return view.cells?.means(view.bbox(), attributeIndex) ?? [];
    if (colouring.kind === "photos") return view.dots.scores(attributeIndex);
    const areas = lists.get(colouring.layer)?.areas ?? [];
    return areas.flatMap((a) => (a.shown ? (a.attributes[attribute.key]?.mean ?? []) : []));
  }

  /** @param {number} n */
  captionOf(n) {
    const { colouring } = this;
    const { words, layers } = this.desk;
    if (colouring.kind !== "areas") return words.count(`legend.${colouring.kind}`, n);
    const layer = layers.find((l) => l.key === colouring.layer);
    const label = (layer?.label[words.lang] ?? "").toLowerCase();
    return words.count("legend.areas", n, { layer: label });
  }
}
