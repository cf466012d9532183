// What the legend says of the map as it is now.

import { cividis, diverging } from "../colour.js";
import { byId } from "../dom.js";
import { withRange } from "../ranges.js";
import { bins } from "../scale.js";
import { Census } from "./census.js";
import { BINS, pointAt, renderLegend, renderStrip } from "./legend.js";
import { endsOfDifference, nameOfReading } from "./reading.js";

/** @import {Attribute, Reading} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */
/** @import {LegendModel} from "./legend.js" */
/** @import {Painter} from "./painter.js" */
/** @import {Status} from "./status.js" */

const CAPTIONS = { areas: "legend.areas", cells: "legend.cells", photos: "legend.photos" };
const DIFFERENCES = {
  areas: "legend.areas.difference",
  cells: "legend.cells.difference",
  photos: "legend.photos.difference",
};

export class Key {
  /** @param {Desk} desk @param {Painter} painter @param {{ onModel: (model: LegendModel, n: number) => void, onError: (error: Error) => void }} handlers n: things that the bars count */
  constructor(desk, painter, { onModel, onError }) {
    this.desk = desk;
    this.painter = painter;
    this.onModel = onModel;
    /** What the legend says now. @type {LegendModel | null} */
    this.last = null;
    this.census = new Census(desk, () => this.render(), onError);
  }

  /** What is in view has changed. */
  follow() {
    const { kind } = this.painter.colouring;
    if (kind === "photos") this.census.wantCity();
    else this.census.follow(this.painter.view.bbox());
    this.render();
  }

  render() {
    const values = this.painter.valuesInView(this.counted());
    this.last = this.model(values);
    this.onModel(this.last, values.length);
  }

  /** Ranges that the bars count by: they show what one's own leaves out. */
  counted() {
    const { only, attribute, against } = this.desk.state;
    return against ? only : only.filter((range) => range.attribute !== attribute);
  }

  /** @param {number[]} values @returns {LegendModel} */
  model(values) {
    const { words, attribute, release, state, page } = this.desk;
    const { painter } = this;
    const { scale } = painter;
    const { kind } = painter.colouring;
    return {
      words,
      attribute,
      scale,
      kind,
      counts: bins(scale, values, BINS),
      caption: this.caption(values.length),
      filter: {
        only: state.only,
        labels: Object.fromEntries(page.attributes.map((a) => [a.key, a.label[words.lang]])),
        onRange: (key, range) => this.keepOnly(key, range),
      },
      sample: kind === "photos" && painter.sampled ? painter.samples.text(words) : null,
      release,
      onAnother: () => painter.anotherSample(),
      ...(state.against ? this.ofDifference(state.against) : this.ofScores()),
    };
  }

  ofScores() {
    const { words, attribute } = this.desk;
    const { scale, colouring } = this.painter;
    const city = this.census.city?.attributes[attribute.key] ?? null;
    const inView = this.census.view?.attributes[attribute.key];
    const arePhotos = colouring.kind === "photos";
    const n = this.census.view?.n ?? 0;
    return {
      isDifference: false,
      colour: cividis,
      number: (/** @type {number} */ value) => words.number(value),
      ends: endsOf(attribute, words.lang),
      middle: words.t("legend.half"),
      explanation: arePhotos && city ? words.t("legend.photos.city") : null,
      reference: arePhotos && city ? turned(city, scale.reversed) : null,
      photos: !arePhotos && city && inView ? { view: inView, city, n } : null,
    };
  }

  /** @param {Reading} against */
  ofDifference(against) {
    const { words, state, release } = this.desk;
    const own = against.release ? (release?.release ?? null) : null;
    return {
      isDifference: true,
      colour: diverging,
      number: (/** @type {number} */ value) => words.difference(value),
      ends: endsOfDifference(this.desk),
      middle: words.t("difference.half"),
      explanation: words.t("difference.text", {
        one: nameOfReading(this.desk, { attribute: state.attribute, release: own }),
        other: nameOfReading(this.desk, against),
      }),
      reference: null,
      photos: null,
    };
  }

  /** @param {string} attribute @param {[low: number, high: number] | null} range */
  keepOnly(attribute, range) {
    const { store, state } = this.desk;
    store.set({ only: withRange(state.only, attribute, range) });
  }

  /** What the bars count, and how many of them are on the map. @param {number} n */
  caption(n) {
    const { colouring } = this.painter;
    const { words, layers, state } = this.desk;
    const shown = state.only.length > 0 ? this.painter.valuesInView(state.only).length : n;
    const key = (state.against ? DIFFERENCES : CAPTIONS)[colouring.kind];
    /** @type {import("../words.js").Values} */
    const values = colouring.kind === "areas" ? { layer: layerName(layers, colouring, words) } : {};
    if (shown === n) return words.count(key, n, values);
    const of = words.t("legend.of", { shown: words.number(shown), n: words.number(n) });
    return words.t(key, { ...values, n: of });
  }

  /** Marks a score on the bar. @param {number | null} score */
  point(score) {
    pointAt(byId("legend"), this.painter.scale, score);
  }
}

/** Draws a model as the legend of the page. @param {Desk} desk @param {Painter} painter @param {Status} status */
export function ontoPage(desk, { view }, status) {
  return (/** @type {LegendModel} */ model, /** @type {number} */ n) => {
    const { release, words } = desk;
    renderLegend(byId("legend"), model);
    renderStrip(byId("strip"), model, "strip-colours");
    byId("legend").hidden = !release;
    const isBare = model.kind !== "areas" && view.cells?.complete() && n === 0;
    const notice = release ? "map.empty" : "map.empty.release";
    status.setNotice(!release || isBare ? words.t(notice) : null);
  };
}

/** @param {import("../types.d.ts").Layer[]} layers @param {{ layer: string }} colouring @param {import("../words.js").Words} words */
function layerName(layers, colouring, words) {
  const layer = layers.find((l) => l.key === colouring.layer);
  return (layer?.label[words.lang] ?? "").toLowerCase();
}

/** @param {Attribute} attribute @param {import("../types.d.ts").Language} lang @returns {[string, string]} */
function endsOf({ least, most, palette }, lang) {
  return palette === "reversed" ? [most[lang], least[lang]] : [least[lang], most[lang]];
}

/** @param {number[]} counts @param {boolean} reversed */
function turned(counts, reversed) {
  return reversed ? [...counts].reverse() : counts;
}
