// Fields for a range of scores of each attribute: two numbers, of which an empty one is no bound.

import { element } from "./dom.js";
import { withRange } from "./ranges.js";

/** @import {Attribute, ScoreRange} from "./types.d.ts" */
/** @import {Words} from "./words.js" */

const MOST = 10;
const STEP = 0.1;
/** Bars of the legend may end between two steps. */
const FINE_STEP = 0.01;

/**
 * One row an attribute. What is no range is said by the browser, and not passed on.
 * @param {{ attributes: Attribute[], ranges: ScoreRange[], words: Words, onChange: (ranges: ScoreRange[]) => void }} model
 */
export function rangeFields({ attributes, ranges, words, onChange }) {
  return attributes.map(({ key, label: labels }) => {
    const label = labels[words.lang];
    const range = ranges.find((each) => each.attribute === key);
    const step = range && !(isStep(range.low) && isStep(range.high)) ? FINE_STEP : STEP;
    const [low, high] = [
      field(key, "low", range?.low, step, words.t("ranges.low", { label })),
      field(key, "high", range?.high, step, words.t("ranges.high", { label })),
    ];
    const change = () => {
      const read = readRange(low, high, words.t("ranges.wrong"));
      if (read) onChange(withRange(ranges, key, read));
    };
    low.addEventListener("change", change);
    high.addEventListener("change", change);
    return element(
      "div",
      { class: range ? "range is-set" : "range" },
      element("span", {}, label),
      low,
      element("i", { "aria-hidden": "true" }, "–"),
      high,
    );
  });
}

/** @param {number} score */
function isStep(score) {
  return Math.round(score * 100) % 10 === 0;
}

/** @param {string} key @param {"low" | "high"} end @param {number | undefined} value @param {number} step @param {string} label */
function field(key, end, value, step, label) {
  const open = end === "low" ? 0 : MOST;
  return element("input", {
    type: "number",
    min: 0,
    max: MOST,
    step,
    inputmode: "decimal",
    autocomplete: "off",
    placeholder: open,
    value: value === open ? undefined : value,
    "aria-label": label,
    "data-range": key,
    "data-end": end,
    "data-focus": `${key}-${end}`,
  });
}

/** @param {HTMLInputElement} low @param {HTMLInputElement} high @param {string} wrong @returns {[low: number, high: number] | null} */
function readRange(low, high, wrong) {
  high.setCustomValidity("");
  if (!low.reportValidity() || !high.reportValidity()) return null;
  const from = low.value === "" ? 0 : low.valueAsNumber;
  const to = high.value === "" ? MOST : high.valueAsNumber;
  if (from < to) return [from, to];
  high.setCustomValidity(wrong);
  high.reportValidity();
  return null;
}
