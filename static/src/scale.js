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
 * How many scores lie in each of `count` equal parts of the bar, left to right.
 * @param {Scale} scale @param {Iterable<number>} scores @param {number} count
 */
export function bins(scale, scores, count) {
  /** @type {number[]} */
  const counts = new Array(count).fill(0);
  for (const score of scores) {
    const bin = Math.min(count - 1, Math.floor(position(scale, score) * count));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
