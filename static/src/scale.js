// Where a score stands on the colour bar. Yellow, on the right, is always the favourable end.

/** @import {Attribute, Scale} from "./types.d.ts" */

/**
 * @param {Attribute} attribute
 * @param {number | null} spread d of a scale 5 ± d; null for single photos, which use 0 to 10
 * @returns {Scale}
 */
export function scaleOf(attribute, spread) {
  const d = spread === null ? 5 : Math.min(5, Math.max(0.5, spread));
  return { low: 5 - d, high: 5 + d, reversed: attribute.palette === "reversed" };
}

/**
 * 0 at the left end to 1 at the right; scores beyond the ends stay on the bar.
 * @param {Scale} scale @param {number} score
 */
export function position(scale, score) {
  const along = Math.min(1, Math.max(0, (score - scale.low) / (scale.high - scale.low)));
  return scale.reversed ? 1 - along : along;
}

/** Five scores, evenly spaced, left to right. @param {Scale} scale */
export function ticks(scale) {
  const step = (scale.high - scale.low) / 4;
  const upwards = [0, 1, 2, 3, 4].map((i) => scale.low + i * step);
  return scale.reversed ? upwards.reverse() : upwards;
}

/**
 * How many scores lie in each of `count` equal parts of the bar, left to right. Those beyond its
 * ends are in the first or the last; one on an edge counts upwards.
 * @param {Scale} scale @param {Iterable<number>} scores @param {number} count
 */
export function bins(scale, scores, count) {
  /** @type {number[]} */
  const counts = new Array(count).fill(0);
  // In whole hundredths, so that no edge is missed by a rounding error.
  const low = Math.round(scale.low * 100);
  const width = Math.round(scale.high * 100) - low;
  for (const score of scores) {
    const upward = Math.floor(((Math.round(score * 100) - low) * count) / width);
    const bin = Math.min(count - 1, Math.max(0, upward));
    const at = scale.reversed ? count - 1 - bin : bin;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/**
 * The scores that a stretch of those parts stands for; the outer ones reach to 0 and 10.
 * @param {Scale} scale @param {number} count @param {number} first @param {number} last
 * @returns {[low: number, high: number]}
 */
export function rangeOfBins(scale, count, first, last) {
  const [from, to] = scale.reversed ? [count - 1 - last, count - 1 - first] : [first, last];
  const edge = (/** @type {number} */ i) =>
    Math.round((scale.low + ((scale.high - scale.low) * i) / count) * 100) / 100;
  return [from <= 0 ? 0 : edge(from), to >= count - 1 ? 10 : edge(to + 1)];
}

/**
 * The parts that a range of scores touches, left to right.
 * @param {Scale} scale @param {number} count @param {[low: number, high: number]} range
 * @returns {[first: number, last: number]}
 */
export function binsOfRange(scale, count, [low, high]) {
  const at = (/** @type {number} */ score) =>
    ((score - scale.low) / (scale.high - scale.low)) * count;
  const within = (/** @type {number} */ bin) => Math.min(count - 1, Math.max(0, bin));
  const from = within(Math.floor(at(low) + 1e-6));
  const to = Math.max(from, within(Math.ceil(at(high) - 1e-6) - 1));
  return scale.reversed ? [count - 1 - to, count - 1 - from] : [from, to];
}
