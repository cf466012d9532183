// Vector tiles: bytes to typed arrays, and a bounded memory of those that were seen.

import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { CELLS_PER_SIDE } from "./geometry.js";

/** @import {Points, Tile} from "./types.d.ts" */
/** @import {VectorTileFeature, VectorTileLayer} from "@mapbox/vector-tile" */

const KEPT_TILES = 400;
/** @type {Tile} */
const EMPTY = { cells: null, photos: noPoints(0) };

/** @param {number} attributes @returns {Points} */
export function noPoints(attributes) {
  return points(0, attributes);
}

/** @param {number} length @param {number} attributes @returns {Points} */
function points(length, attributes) {
  return {
    length,
    id: new Float64Array(length),
    x: new Float64Array(length),
    y: new Float64Array(length),
    scores: new Int16Array(length * attributes).fill(-1),
  };
}

/** @param {VectorTileFeature} feature @param {string[]} keys @param {Int16Array} scores @param {number} i @param {number} length */
function readScores(feature, keys, scores, i, length) {
  keys.forEach((key, a) => {
    const score = feature.properties[key];
    if (typeof score === "number") scores[a * length + i] = score;
  });
}

/** @param {VectorTileLayer} layer @param {string[]} keys @returns {NonNullable<Tile["cells"]>} */
function readCells(layer, keys) {
  const { length } = layer;
  const cells = {
    length,
    col: new Uint8Array(length),
    row: new Uint8Array(length),
    n: new Uint32Array(length),
    scores: new Int16Array(length * keys.length).fill(-1),
  };
  for (let i = 0; i < length; i += 1) {
    const feature = layer.feature(i);
    const [left = 0, top = 0, right = 0, bottom = 0] = feature.bbox();
    cells.col[i] = Math.floor((((left + right) / 2) * CELLS_PER_SIDE) / layer.extent);
    cells.row[i] = Math.floor((((top + bottom) / 2) * CELLS_PER_SIDE) / layer.extent);
    cells.n[i] = Number(feature.properties.n);
    readScores(feature, keys, cells.scores, i, length);
  }
  return cells;
}

/** @param {VectorTileLayer} layer @param {string[]} keys @param {{ z: number, x: number, y: number }} at */
function readPhotos(layer, keys, { z, x, y }) {
  const side = 2 ** z;
  const photos = points(layer.length, keys.length);
  for (let i = 0; i < layer.length; i += 1) {
    const feature = layer.feature(i);
    const [left = 0, top = 0] = feature.bbox();
    photos.id[i] = Number(feature.properties.id);
    photos.x[i] = (x + left / layer.extent) / side;
    photos.y[i] = (y + top / layer.extent) / side;
    readScores(feature, keys, photos.scores, i, layer.length);
  }
  return photos;
}

/**
 * @param {ArrayBuffer} bytes
 * @param {string[]} keys attributes, in the order of the score arrays
 * @param {{ z: number, x: number, y: number }} at
 * @returns {Tile}
 */
export function decode(bytes, keys, at) {
  const { layers } = new VectorTile(new PbfReader(new Uint8Array(bytes)));
  const { cells, photos } = layers;
  return {
    cells: cells ? readCells(cells, keys) : null,
    photos: photos ? readPhotos(photos, keys, at) : null,
  };
}

/**
 * The tiles of one address template, decoded once.
 * @template Kind
 */
export class KeptTiles {
  /**
   * @param {string} template with {z}, {x} and {y}
   * @param {(bytes: ArrayBuffer | null, at: { z: number, x: number, y: number }) => Kind} decode
   * @param {(url: string, signal: AbortSignal) => Promise<ArrayBuffer | null>} fetchTile
   */
  constructor(template, decode, fetchTile) {
    this.template = template;
    this.decode = decode;
    this.fetchTile = fetchTile;
    /** @type {Map<string, Kind>} */
    this.kept = new Map();
  }

  /** @param {{ z: number, x: number, y: number }} at @param {AbortSignal} signal @returns {Promise<Kind>} */
  async load(at, signal) {
    const url = this.template.replace(/\{([zxy])\}/g, (_, name) =>
      String(at[/** @type {"z"} */ (name)]),
    );
    const known = this.kept.get(url);
    const tile = known ?? this.decode(await this.fetchTile(url, signal), at);
    this.kept.delete(url);
    this.kept.set(url, tile);
    if (this.kept.size > KEPT_TILES)
      this.kept.delete(/** @type {string} */ (this.kept.keys().next().value));
    return tile;
  }
}

/** Of scores. @extends {KeptTiles<Tile>} */
export class TileSource extends KeptTiles {
  /**
   * @param {string} template with {z}, {x} and {y}
   * @param {string[]} keys
   * @param {(url: string, signal: AbortSignal) => Promise<ArrayBuffer | null>} fetchTile
   */
  constructor(template, keys, fetchTile) {
    super(template, (bytes, at) => (bytes ? decode(bytes, keys, at) : EMPTY), fetchTile);
  }
}
