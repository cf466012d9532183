// What is read from the scores of squares and dots: one attribute, or one less another.

/** Stands for a value that is not there; no score and no difference is so low. */
export const MISSING = -32768;

/**
 * Scores lie in planes: that of attribute `plane` of thing i is at [plane * length + i].
 * @typedef {object} Measure
 * @property {number} plane
 * @property {number | null} minus the plane that is subtracted
 */

/**
 * from ≤ score < to, both in hundredths of a point.
 * @typedef {{ plane: number, from: number, to: number }} Bound
 */

/**
 * How things are painted: colours[value - least], for what lies within all bounds.
 * @typedef {object} Paint
 * @property {Measure} measure
 * @property {string[]} colours
 * @property {number} least value in hundredths that has the first colour
 * @property {Bound[]} bounds
 */

/**
 * In hundredths of a point; MISSING where a score is.
 * @param {Int16Array} scores @param {number} length @param {number} i @param {Measure} measure
 */
export function valueAt(scores, length, i, { plane, minus }) {
  const score = scores[plane * length + i] ?? -1;
  if (score < 0) return MISSING;
  if (minus === null) return score;
  const other = scores[minus * length + i] ?? -1;
  return other < 0 ? MISSING : score - other;
}

/** @param {Int16Array} scores @param {number} length @param {number} i @param {Bound[]} bounds */
export function isWithin(scores, length, i, bounds) {
  for (const { plane, from, to } of bounds) {
    const score = scores[plane * length + i] ?? -1;
    if (score < from || score >= to) return false;
  }
  return true;
}

/**
 * The same of scores from 0 to 10 in an array by plane.
 * @param {(number | null | undefined)[]} scores @param {Measure} measure @returns {number | null}
 */
export function readingOf(scores, { plane, minus }) {
  const score = scores[plane] ?? null;
  if (score === null || minus === null) return score;
  const other = scores[minus] ?? null;
  return other === null ? null : score - other;
}
