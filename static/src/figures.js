// Figures and outlines of the area layers, asked for once a release and version.

import * as api from "./api.js";

/** @import {AreaList, Release} from "./types.d.ts" */

export class FigureBook {
  /** @param {Release | null} release @param {string | null} named release, if not the one that is read from */
  constructor(release, named = null) {
    this.release = release;
    this.named = named;
    /** @type {Map<string, Promise<AreaList | null>>} */
    this.lists = new Map();
    /** @type {Map<string, Promise<GeoJSON.FeatureCollection>>} */
    this.shapes = new Map();
  }

  /** @param {Release | null} release */
  turnTo(release) {
    this.release = release;
    this.lists.clear();
  }

  /** null while nothing is scored. @param {string} layer @returns {Promise<AreaList | null>} */
  list(layer) {
    return remembered(this.lists, layer, async () =>
      this.release ? api.areas(layer, this.named) : null,
    );
  }

  /** @param {string} layer @returns {Promise<GeoJSON.FeatureCollection>} */
  outlines(layer) {
    return remembered(this.shapes, layer, () => api.outlines(layer));
  }
}

/**
 * What failed is forgotten, so that it can be asked for again.
 * @template Value
 * @param {Map<string, Promise<Value>>} memory @param {string} key @param {() => Promise<Value>} ask
 * @returns {Promise<Value>}
 */
function remembered(memory, key, ask) {
  const known = memory.get(key);
  if (known) return known;
  const asked = ask();
  memory.set(key, asked);
  asked.catch(() => memory.delete(key));
  return asked;
}
