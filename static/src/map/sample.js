// Photos too many to draw them all: a stable random sample, and another one on request.

import * as api from "../api.js";
import { mercatorX, mercatorY } from "../geometry.js";

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
    /** @type {Promise<Sample> | null} */
    this.asked = null;
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

  /** @param {string[]} keys @returns {Promise<Points>} */
  async points(keys) {
    this.asked ??= api.sample(this.size, this.seed);
    const asked = this.asked;
    try {
      this.sample = await asked;
    } catch (error) {
      if (this.asked === asked) this.forget();
      throw error;
    }
    return toPoints(this.sample, keys);
  }

  /** «muestra de 5.000 de N»; null when the sample is all there is. @param {Words} words */
  text(words) {
    if (!this.sample || this.sample.n >= this.sample.total) return null;
    const { n, total } = this.sample;
    return words.t("legend.sample", { n: words.number(n), total: words.number(total) });
  }
}
