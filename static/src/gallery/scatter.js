// «Dos atributos»: a sample of the list's photos by two of their scores, and whether these go
// together.

import * as api from "../api.js";
import { byId, element, keepFocus } from "../dom.js";
import { photoCard } from "../photo/card.js";
import { withRange } from "../ranges.js";
import { failureText } from "./failure.js";
import { linesOf, scoresText } from "./pair-words.js";
import { Plot } from "./plot.js";
import { pointsOf } from "./points.js";
import { asSampled } from "./state.js";

/** @import {Attribute, Photo, Sample} from "../types.d.ts" */
/** @import {Words} from "../words.js" */
/** @import {Point} from "./points.js" */
/** @import {GalleryState} from "./state.js" */

const SIZE = 1000;
/** A pointer that passes over many points asks for no photo of theirs. */
const RESTS_MS = 120;
const PHOTOS_KEPT = 200;

/**
 * @typedef {object} ScatterContext
 * @property {Attribute[]} attributes
 * @property {string | undefined} firstLayer
 * @property {() => GalleryState} state
 * @property {() => Words} words
 * @property {(text: string) => void} say
 * @property {(changes: Partial<GalleryState>) => void} onFilter
 * @property {(pair: [x: string, y: string] | null) => void} onPair
 * @property {(photo: number) => void} onOpen
 */

export class Scatter {
  /** @param {ScatterContext} context */
  constructor(context) {
    this.context = context;
    this.root = byId("pair");
    /** What the sample that is here or under way was asked for. */
    this.asked = "";
    /** @type {AbortController | null} */
    this.stop = null;
    /** @type {Sample | null} */
    this.sample = null;
    /** @type {Error | null} */
    this.failure = null;
    /** @type {Point[]} */
    this.points = [];
    /** @type {Map<number, Photo>} */
    this.photos = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.plot = new Plot({
      labelOf: (index) => this.labelOf(index),
      onPoint: (index, byKeyboard) => this.chose(index, byKeyboard),
      onOpen: (index) => this.openPoint(index),
      onBrush: (x, y) => this.keep(x, y),
    });
    this.card = element("div", { class: "pair-card" });
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") context.onPair(null);
    });
  }

  /** As the state says: another pair, another list, another language, or nothing. */
  show() {
    const state = this.context.state();
    this.root.hidden = state.pair === null;
    if (!state.pair) return this.root.replaceChildren();
    const where = asSampled(state, this.context.firstLayer);
    const asked = JSON.stringify(where);
    if (asked !== this.asked) this.load(asked, where);
    this.render(state.pair);
  }

  /** @param {string} asked @param {Record<string, string | number | null | undefined>} where */
  async load(asked, where) {
    this.stop?.abort();
    this.stop = new AbortController();
    this.asked = asked;
    this.sample = null;
    this.failure = null;
    try {
      const sample = await api.sampleOf(where, SIZE, this.stop.signal);
      if (this.asked !== asked) return;
      this.sample = sample;
    } catch (error) {
      if (this.asked !== asked) return;
      this.failure = /** @type {Error} */ (error);
    }
    const { pair } = this.context.state();
    if (pair) this.render(pair);
  }

  retry() {
    this.asked = "";
    this.show();
  }

  /** @param {[x: string, y: string]} pair */
  render(pair) {
    const words = this.context.words();
    keepFocus(this.root, () => {
      this.root.replaceChildren(
        element(
          "header",
          { class: "pair-head" },
          element("h2", { id: "pair-title" }, words.t("pair.title")),
          this.chooser(pair, 0),
          this.chooser(pair, 1),
          element("button", {
            type: "button",
            class: "close",
            "data-focus": "pair-close",
            "aria-label": words.t("pair.close"),
            onclick: () => this.context.onPair(null),
          }),
        ),
        element("div", { class: "pair-body" }, this.figure(pair), this.side(pair)),
      );
      // Only what stands in the page has a size to be drawn in.
      this.draw(pair);
    });
  }

  /** @param {[x: string, y: string]} pair @param {0 | 1} axis */
  chooser(pair, axis) {
    const words = this.context.words();
    const select = element(
      "select",
      { autocomplete: "off", "data-focus": `pair-${axis}`, id: `pair-${axis}` },
      this.context.attributes.map(({ key, label }) =>
        element("option", { value: key, selected: key === pair[axis] }, label[words.lang]),
      ),
    );
    select.addEventListener("change", () => {
      const other = /** @type {string} */ (pair[axis === 0 ? 1 : 0]);
      // The same one twice would say nothing: the two change places.
      const rest = select.value === other ? /** @type {string} */ (pair[axis]) : other;
      this.context.onPair(axis === 0 ? [select.value, rest] : [rest, select.value]);
    });
    return element(
      "label",
      { class: "filter" },
      element("span", {}, words.t(axis === 0 ? "pair.across" : "pair.up")),
      select,
    );
  }

  /** The plot with the ends of its axes in words. @param {[x: string, y: string]} pair */
  figure([x, y]) {
    const { lang } = this.context.words();
    const ends = (/** @type {string} */ key, /** @type {string} */ name) => {
      const { least, most } = this.attribute(key);
      return element(
        "div",
        { class: name, "aria-hidden": "true" },
        element("span", {}, `0 · ${least[lang]}`),
        element("span", {}, "5"),
        element("span", {}, `10 · ${most[lang]}`),
      );
    };
    return element(
      "div",
      { class: "pair-figure", "aria-busy": String(!this.sample && !this.failure) },
      ends(y, "pair-up"),
      this.plot.node,
      ends(x, "pair-across"),
    );
  }

  /** @param {string} key */
  attribute(key) {
    return /** @type {Attribute} */ (this.context.attributes.find((a) => a.key === key));
  }

  /** @param {[x: string, y: string]} pair @returns {[x: Attribute, y: Attribute]} */
  both([x, y]) {
    return [this.attribute(x), this.attribute(y)];
  }

  /** @param {[x: string, y: string]} pair */
  draw([x, y]) {
    const words = this.context.words();
    this.points = this.sample ? pointsOf(this.sample, x, y) : [];
    const { only } = this.context.state();
    const kept = (/** @type {string} */ key) => {
      const { low, high } = only.find((range) => range.attribute === key) ?? { low: 0, high: 10 };
      return /** @type {[number, number]} */ ([low, high]);
    };
    this.plot.show(this.points, [kept(x), kept(y)], words.t("pair.plot"));
    this.renderCard();
  }

  /** @param {[x: string, y: string]} pair */
  side(pair) {
    const words = this.context.words();
    const { failure, sample } = this;
    if (failure) {
      return element(
        "div",
        { class: "pair-side", role: "status" },
        element("p", {}, failureText(failure, words)),
        element(
          "button",
          { type: "button", class: "button button-quiet", onclick: () => this.retry() },
          words.t("map.retry"),
        ),
      );
    }
    const lines = sample ? linesOf(sample, this.both(pair), words) : [words.t("map.loading")];
    return element(
      "div",
      { class: "pair-side" },
      element(
        "div",
        { class: "pair-said", role: "status" },
        lines.map((line, i) => element("p", { class: i === 0 ? "pair-words" : "quiet" }, line)),
      ),
      this.card,
    );
  }

  /** @param {number} index */
  labelOf(index) {
    const words = this.context.words();
    const point = this.points[index];
    const { pair } = this.context.state();
    if (!point || !pair) return "";
    return words.t("photo.open", { n: point.id, label: scoresText(point, this.both(pair), words) });
  }

  /** @param {number} index @param {boolean} byKeyboard */
  chose(index, byKeyboard) {
    if (byKeyboard) this.context.say(this.labelOf(index));
    this.renderCard();
  }

  /** @param {number} index */
  openPoint(index) {
    const point = this.points[index];
    if (point) this.context.onOpen(point.id);
  }

  /** @param {[low: number, high: number]} across @param {[low: number, high: number]} up */
  keep(across, up) {
    const { only, pair } = this.context.state();
    if (!pair) return;
    const [x, y] = pair;
    this.context.onFilter({ only: withRange(withRange(only, x, across), y, up) });
  }

  /** The photo of the chosen point; it is asked for once the choice rests. */
  renderCard() {
    clearTimeout(this.timer);
    const words = this.context.words();
    const point = this.points[this.plot.current];
    const { pair } = this.context.state();
    if (!point || !pair) return this.card.replaceChildren();
    const photo = this.photos.get(point.id);
    const attribute = this.attribute(pair[0]);
    this.card.replaceChildren(
      photo
        ? photoCard(photo, { attribute, words, onOpen: this.context.onOpen, eager: true })
        : element("span", { class: "photo-card photo-waiting" }),
      element("p", {}, scoresText(point, this.both(pair), words)),
      element("p", { class: "quiet" }, words.t(byFinger() ? "pair.help.touch" : "pair.help")),
    );
    if (!photo) this.timer = setTimeout(() => this.fetch(point.id), RESTS_MS);
  }

  /** @param {number} id */
  async fetch(id) {
    const isChosen = () => this.points[this.plot.current]?.id === id;
    try {
      const photo = await api.photo(id);
      if (this.photos.size >= PHOTOS_KEPT) this.photos.clear();
      this.photos.set(id, photo);
      if (isChosen()) this.renderCard();
    } catch (error) {
      const text = failureText(/** @type {Error} */ (error), this.context.words());
      if (isChosen()) this.card.firstElementChild?.replaceWith(element("p", {}, text));
    }
  }
}

/** A finger's drag moves the page, and its tap chooses. */
function byFinger() {
  return matchMedia("(pointer: coarse)").matches;
}
