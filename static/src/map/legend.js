// The legend: how often which score occurs, over the colour bar that says which colour it has.

import { cividis } from "../colour.js";
import { drawing, element, keepFocus } from "../dom.js";
import { bins, position, ticks } from "../scale.js";

/** @import {Attribute, Release, Scale} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

const BINS = 20;
const STOPS = 16;
const WIDTH = 320;
const HEIGHT = 44;

/**
 * @typedef {object} LegendModel
 * @property {Words} words
 * @property {Attribute} attribute
 * @property {Scale} scale
 * @property {"areas" | "cells" | "photos"} kind
 * @property {number[]} scores of what is on the map
 * @property {string} caption what the histogram counts
 * @property {string | null} sample
 * @property {Release | null} release
 * @property {() => void} onAnother draws another sample
 */

/** @param {number[]} counts */
function histogram(counts) {
  const most = Math.max(1, ...counts);
  const step = WIDTH / counts.length;
  return drawing(
    "svg",
    {
      class: "histogram",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    counts.map((n, i) => {
      const height = n === 0 ? 0 : Math.max(2, (n / most) * HEIGHT);
      return drawing("rect", {
        x: i * step + 0.75,
        y: HEIGHT - height,
        width: step - 1.5,
        height,
        rx: 1,
      });
    }),
  );
}

/** @param {string} id of its gradient, one a page */
function colourBar(id) {
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
        drawing("stop", { offset: i / STOPS, "stop-color": cividis(i / STOPS) }),
      ),
    ),
    drawing("rect", { width: WIDTH, height: 12, fill: `url(#${id})` }),
  );
}

/** @param {LegendModel} model */
function numbers({ scale, words }) {
  return element(
    "ol",
    { class: "ticks" },
    ticks(scale).map((value, i) =>
      element("li", { class: i === 2 ? "tick-middle" : null }, words.number(value)),
    ),
  );
}

/** @param {LegendModel} model */
function ends({ attribute, scale, words }) {
  const both = [attribute.least[words.lang], attribute.most[words.lang]];
  if (scale.reversed) both.reverse();
  return element(
    "p",
    { class: "ends" },
    element("span", {}, both[0]),
    element("span", { class: "half" }, words.t("legend.half")),
    element("span", {}, both[1]),
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
    element("p", { class: "legend-caption" }, model.caption),
    element(
      "div",
      { class: "scale" },
      histogram(bins(model.scale, model.scores, BINS)),
      colourBar("legend-colours"),
      element("i", { class: "pointer", hidden: true }),
    ),
    numbers(model),
    ends(model),
    ...[swatches(model), note(model), source(model)].filter((part) => part !== null),
  ];
}

/** The 64 px of a phone: the ends and the bar. @param {HTMLElement} root @param {LegendModel} model */
export function renderStrip(root, model) {
  root.replaceChildren(colourBar("strip-colours"), numbers(model), ends(model));
}

/** Points at the score that is under the pointer. @param {HTMLElement} root @param {Scale} scale @param {number | null} score */
export function pointAt(root, scale, score) {
  const pointer = root.querySelector(".pointer");
  if (!(pointer instanceof HTMLElement)) return;
  pointer.hidden = score === null;
  if (score !== null) pointer.style.left = `${position(scale, score) * 100}%`;
}
