// Photos too many to draw them all: a stable random sample, and another one on request.

import * as api from "../api.js";
import { mercatorX, mercatorY } from "../geometry.js";
import { joinPoints } from "../paired.js";

/** @import {Points, Sample} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

const SIZE = 5000;
const SIZE_ON_PHONES = 1000;

/**
 * Columns of places to points on the map.
 * @param {Sample} sample @param {string[]} keys @returns {Points}
 */
export function toPoints({ id, lat, lon, scores }, keys) {
  const { length } = id;
  const points = {
    length,
    id: Float64Array.from(id),
    x: Float64Array.from(lon, mercatorX),
    y: Float64Array.from(lat, mercatorY),
    scores: new Int16Array(length * keys.length).fill(-1),
  };
  keys.forEach((key, a) => {
    scores[key]?.forEach((score, i) => {
      if (score !== null) points.scores[a * length + i] = Math.round(score * 100);
    });
  });
  return points;
}

export class SampleBook {
  /** @param {boolean} phone */
  constructor(phone) {
    this.size = phone ? SIZE_ON_PHONES : SIZE;
    this.seed = 0;
    /** @type {Promise<[Sample, Sample | null]> | null} */
    this.asked = null;
    /** The other release that was asked for too. @type {string | null} */
    this.other = null;
    /** @type {Sample | null} */
    this.sample = null;
  }

  forget() {
    this.asked = null;
  }

  another() {
    this.seed += 1;
    this.forget();
  }

  /** The same photos of both releases, where there is another one: their order is by chance alone. @param {string[]} keys @param {string | null} [other] release @returns {Promise<Points>} */
  async points(keys, other = null) {
    if (this.other !== other) this.forget();
    this.other = other;
    const { size, seed } = this;
    this.asked ??= Promise.all([
      api.sample(size, seed),
      other ? api.sample(size, seed, other) : null,
    ]);
    const asked = this.asked;
    try {
      const [sample, theirs] = await asked;
      this.sample = sample;
      const points = toPoints(sample, keys);
      return theirs ? joinPoints(points, toPoints(theirs, keys), keys.length) : points;
    } catch (error) {
      if (this.asked === asked) this.forget();
      throw error;
    }
  }

  /** «muestra de 5.000 de N»; null when the sample is all there is. @param {Words} words */
  text(words) {
    if (!this.sample || this.sample.n >= this.sample.total) return null;
    const { n, total } = this.sample;
    return words.t("legend.sample", { n: words.number(n), total: words.number(total) });
  }
}
