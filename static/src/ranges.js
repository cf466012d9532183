// Ranges of scores that what is shown must lie in, one an attribute at most.

/** @import {Bound} from "./measure.js" */
/** @import {Figures, ScoreRange} from "./types.d.ts" */

const MOST = 10;

/** @param {number} score */
function hundredths(score) {
  return Math.round(score * 100);
}

/** The upper edge is left out, but for 10, which no score is above. @param {ScoreRange} range @param {number} plane @returns {Bound} */
export function boundOf({ low, high }, plane) {
  return { plane, from: hundredths(low), to: high >= MOST ? MOST * 100 + 1 : hundredths(high) };
}

/** @param {ScoreRange[]} ranges @param {string[]} keys @returns {Bound[]} */
export function boundsOf(ranges, keys) {
  return ranges.map((range) => boundOf(range, keys.indexOf(range.attribute)));
}

/** Whether the means of an area lie in all ranges. @param {Figures} figures @param {ScoreRange[]} ranges */
export function areWithin(figures, ranges) {
  return ranges.every((range) => {
    const mean = figures[range.attribute]?.mean;
    if (mean === undefined) return false;
    const { from, to } = boundOf(range, 0);
    return hundredths(mean) >= from && hundredths(mean) < to;
  });
}

/**
 * The ranges with another one for an attribute; null, or all of the scale, takes it out.
 * @param {ScoreRange[]} ranges @param {string} attribute @param {[low: number, high: number] | null} range
 */
export function withRange(ranges, attribute, range) {
  const others = ranges.filter((r) => r.attribute !== attribute);
  if (!range || (range[0] <= 0 && range[1] >= MOST)) return others;
  return [...others, { attribute, low: range[0], high: range[1] }];
}

/** As «safety:6-7.5,lively:0-3»; what is broken or unknown is left out. @param {string | null} text @param {string[]} keys @returns {ScoreRange[]} */
export function parseRanges(text, keys) {
  /** @type {ScoreRange[]} */
  let ranges = [];
  for (const part of (text ?? "").split(",")) {
    const match = /^(\w+):(\d+(?:\.\d{1,2})?)-(\d+(?:\.\d{1,2})?)$/.exec(part);
    const [attribute = "", low = "", high = ""] = match?.slice(1) ?? [];
    const isRange = Number(low) < Number(high) && Number(high) <= MOST;
    if (!match || !isRange || !keys.includes(attribute)) continue;
    ranges = withRange(ranges, attribute, [Number(low), Number(high)]);
  }
  return ranges;
}

/** @param {ScoreRange[]} ranges */
export function formatRanges(ranges) {
  return ranges.map(({ attribute, low, high }) => `${attribute}:${low}-${high}`).join(",");
}
