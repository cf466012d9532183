// How the scores of the photos in view lie, against those of the whole city.

import * as api from "../api.js";

/** @import {Bbox, Histogram} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */

/** Panning asks once it rests. */
const REST_MS = 350;
const EDGES = /** @type {const} */ ([180, 85]);

export class Census {
  /** @param {Desk} desk @param {() => void} onArrived @param {(error: Error) => void} onError */
  constructor(desk, onArrived, onError) {
    this.desk = desk;
    this.onArrived = onArrived;
    this.onError = onError;
    /** Of the whole city; null until it is there. @type {Histogram | null} */
    this.city = null;
    /** Of what is in view; null too where that is the whole city. @type {Histogram | null} */
    this.view = null;
    this.isAsked = false;
    this.stop = new AbortController();
    this.timer = 0;
    /** Answers to older questions are not looked at. @type {Bbox | null} */
    this.latest = null;
  }

  /** The data has changed. */
  forget() {
    this.stop.abort();
    clearTimeout(this.timer);
    this.stop = new AbortController();
    this.city = null;
    this.view = null;
    this.isAsked = false;
  }

  /** The city's, asked for once; what was asked arrives later. */
  wantCity() {
    if (this.isAsked || !this.desk.release) return;
    this.isAsked = true;
    this.ask(null, this.stop.signal, (found) => {
      this.city = found;
    });
  }

  /** The map has moved, or photos are counted from now on. @param {Bbox} box */
  follow(box) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.count(box), REST_MS);
  }

  /** @param {Bbox} box */
  count(box) {
    const { release } = this.desk;
    const whole = release?.city?.bbox ?? release?.bounds;
    const asked = onGrid(box);
    this.latest = asked;
    const isEmpty = asked[0] >= asked[2] || asked[1] >= asked[3];
    if (!whole || isEmpty || isAround(box, whole)) {
      if (this.view) {
        this.view = null;
        this.onArrived();
      }
      return;
    }
    this.wantCity();
    this.ask(asked, this.stop.signal, (found) => {
      if (this.latest === asked) this.view = found;
    });
  }

  /** @param {Bbox | null} box @param {AbortSignal} signal @param {(found: Histogram) => void} keep */
  async ask(box, signal, keep) {
    try {
      const found = await api.histogram(box, signal);
      if (signal.aborted) return;
      keep(found);
      this.onArrived();
    } catch (error) {
      if (signal.aborted) return;
      if (box === null) this.isAsked = false;
      this.onError(/** @type {Error} */ (error));
    }
  }
}

/** Whether a box holds another one whole. @param {Bbox} outer @param {Bbox} inner */
export function isAround([west, south, east, north], inner) {
  return west <= inner[0] && south <= inner[1] && east >= inner[2] && north >= inner[3];
}

/** The part of a box that is on the grid; a map that is far out shows more. @param {Bbox} box @returns {Bbox} */
export function onGrid(box) {
  const [lon, lat] = EDGES;
  const within = (/** @type {number} */ v, /** @type {number} */ most) =>
    Math.min(most, Math.max(-most, v));
  return [within(box[0], lon), within(box[1], lat), within(box[2], lon), within(box[3], lat)];
}
