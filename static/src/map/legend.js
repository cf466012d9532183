// The legend: how often which score occurs, over the colour bar that says which colour it has.

import { drawing, element, keepFocus } from "../dom.js";
import { binsOfRange, position, rangeOfBins, ticks } from "../scale.js";
import { chart, histogram } from "./histogram.js";

/** @import {Attribute, Release, Scale, ScoreRange} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

export const BINS = 20;
const STOPS = 16;
const WIDTH = 320;
const CITY_HEIGHT = 26;

/**
 * @typedef {object} LegendModel
 * @property {Words} words
 * @property {Attribute} attribute
 * @property {Scale} scale
 * @property {(along: number) => string} colour 0 to 1
 * @property {boolean} isDifference whose bars filter nothing
 * @property {(value: number) => string} number
 * @property {[left: string, right: string]} ends
 * @property {string | null} middle what the number in the middle means
 * @property {"areas" | "cells" | "photos"} kind
 * @property {number[]} counts of what is on the map, left to right
 * @property {number[] | null} reference the whole city's, where it is of the same things
 * @property {string} caption what the histogram counts
 * @property {string | null} explanation what else there is to know of it
 * @property {{ only: ScoreRange[], labels: Record<string, string>, onRange: (attribute: string, range: [low: number, high: number] | null) => void }} filter
 * @property {{ view: number[], city: number[], n: number } | null} photos of the view against the city's
 * @property {string | null} sample
 * @property {Release | null} release
 * @property {() => void} onAnother draws another sample
 */

/** @param {Pick<LegendModel, "colour">} model @param {string} id of its gradient, one a page */
export function colourBar({ colour }, id) {
  return drawing(
    "svg",
    {
      class: "colour-bar",
      viewBox: `0 0 ${WIDTH} 12`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    drawing(
      "linearGradient",
      { id },
      Array.from({ length: STOPS + 1 }, (_, i) =>
        drawing("stop", { offset: i / STOPS, "stop-color": colour(i / STOPS) }),
      ),
    ),
    drawing("rect", { width: WIDTH, height: 12, fill: `url(#${id})` }),
  );
}

/** @param {LegendModel} model */
function bars({ words, attribute, scale, counts, reference, filter, isDifference }) {
  const range = filter.only.find((r) => r.attribute === attribute.key);
  const labelOf = (/** @type {number} */ bar) => {
    const [low, high] = rangeOfBins(scale, BINS, bar, bar);
    const n = words.number(counts[bar] ?? 0);
    return words.t("legend.bin", { low: words.number(low), high: words.number(high), n });
  };
  return histogram({
    label: words.t("legend.bins"),
    counts,
    reference,
    selected: range && !isDifference ? binsOfRange(scale, BINS, [range.low, range.high]) : null,
    labelOf: isDifference ? null : labelOf,
    onSelect: (stretch) =>
      filter.onRange(attribute.key, stretch && rangeOfBins(scale, BINS, ...stretch)),
  });
}

/** @param {LegendModel} model */
function numbers({ scale, number }) {
  return element(
    "ol",
    { class: "ticks" },
    ticks(scale).map((value, i) =>
      element("li", { class: i === 2 ? "tick-middle" : null }, number(value)),
    ),
  );
}

/** @param {LegendModel} model @param {string | null} middle */
function ends({ ends: [left, right], isDifference }, middle) {
  return element(
    "p",
    { class: isDifference ? "ends ends-long" : "ends" },
    element("span", {}, left),
    element("span", { class: "half" }, middle ?? ""),
    element("span", {}, right),
  );
}

/** What is left out, and the way to have it back. @param {LegendModel} model */
function filters({ words, filter: { only, labels, onRange } }) {
  if (only.length === 0) return null;
  const chips = only.map(({ attribute, low, high }) => {
    const label = labels[attribute] ?? attribute;
    const values = { label, low: words.number(low), high: words.number(high) };
    return element(
      "button",
      {
        type: "button",
        class: "chip",
        "data-focus": `only-${attribute}`,
        "aria-label": words.t("legend.only.remove", values),
        onclick: () => onRange(attribute, null),
      },
      words.t("legend.only.range", values),
    );
  });
  return element(
    "div",
    { class: "legend-only", role: "group", "aria-label": words.t("legend.only.label") },
    element("span", {}, words.t("legend.only")),
    chips,
  );
}

/** Photos against photos, where what is coloured are means. @param {LegendModel} model */
function photosAgainstCity({ words, scale, photos }) {
  if (!photos || photos.n === 0) return null;
  const turn = (/** @type {number[]} */ counts) =>
    scale.reversed ? [...counts].reverse() : counts;
  const edges = scale.reversed ? ["10", "0"] : ["0", "10"];
  return element(
    "div",
    { class: "legend-city" },
    element("p", { class: "legend-caption" }, words.count("legend.city", photos.n)),
    element(
      "div",
      { class: "legend-city-chart" },
      edges[0],
      chart(turn(photos.view), turn(photos.city), null, CITY_HEIGHT),
      edges[1],
    ),
  );
}

/** @param {string} className @param {string} text */
function swatch(className, text) {
  return element("span", { class: "swatch" }, element("i", { class: className }), text);
}

/** @param {LegendModel} model */
function swatches({ kind, words }) {
  if (kind === "areas") {
    return element(
      "p",
      { class: "swatches" },
      swatch("swatch-few", words.t("legend.few")),
      swatch("swatch-none", words.t("legend.none")),
    );
  }
  if (kind === "cells") {
    return element("p", { class: "swatches" }, swatch("swatch-small", words.t("legend.small")));
  }
  return null;
}

/** @param {LegendModel} model */
function note({ sample, words, onAnother }) {
  if (!sample) return null;
  return element(
    "p",
    { class: "sample" },
    `${sample} `,
    element(
      "button",
      { type: "button", class: "link", "data-focus": "another", onclick: onAnother },
      words.t("legend.another"),
    ),
  );
}

/** @param {LegendModel} model */
function source({ release, words }) {
  if (!release) return null;
  const text = words.t("legend.release", {
    release: release.release,
    date: words.date(release.published_at),
    n: words.number(release.photos),
  });
  return element("p", { class: "legend-source" }, text);
}

/** @param {HTMLElement} root @param {LegendModel} model */
export function renderLegend(root, model) {
  keepFocus(root, () => root.replaceChildren(...legendParts(model)));
}

/** @param {LegendModel} model @returns {HTMLElement[]} */
function legendParts(model) {
  return [
    element(
      "p",
      { class: "legend-caption" },
      model.caption,
      model.explanation ? element("span", {}, ` ${model.explanation}`) : null,
    ),
    element(
      "div",
      { class: "scale" },
      bars(model),
      colourBar(model, "legend-colours"),
      element("i", { class: "pointer", hidden: true }),
    ),
    numbers(model),
    ends(model, model.middle),
    ...[
      filters(model),
      photosAgainstCity(model),
      swatches(model),
      note(model),
      source(model),
    ].filter((part) => part !== null),
  ];
}

/** The ends and the bar alone: the 64 px of a phone. @param {HTMLElement} root @param {LegendModel} model @param {string} id of its colours, one a page */
export function renderStrip(root, model, id) {
  const isFiltered = model.filter.only.length > 0;
  const middle = isFiltered ? model.words.t("legend.only.on") : model.middle;
  root.replaceChildren(colourBar(model, id), numbers(model), ends(model, middle));
}

/** Points at the score that is under the pointer. @param {HTMLElement} root @param {Scale} scale @param {number | null} score */
export function pointAt(root, scale, score) {
  const pointer = root.querySelector(".pointer");
  if (!(pointer instanceof HTMLElement)) return;
  pointer.hidden = score === null;
  if (score !== null) pointer.style.left = `${position(scale, score) * 100}%`;
}
