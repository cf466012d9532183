// The outlines of a large layer's areas: vector tiles to typed arrays, and which area is where.

import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { KeptTiles } from "./tiles.js";

/**
 * Coordinates are in units of the tile, `extent` a side. Area i has the rings from firstRing[i] up
 * to firstRing[i + 1], ring r the points from firstPoint[r] up to firstPoint[r + 1]; x of point p
 * is at points[2 * p]. boxes: left, top, right and bottom of each area.
 * @typedef {object} Outlines
 * @property {number} length
 * @property {number} extent
 * @property {Float64Array} id as in the list of the areas
 * @property {number[]} firstRing
 * @property {number[]} firstPoint
 * @property {number[]} points
 * @property {number[]} boxes
 */

/** @type {Outlines} */
const NONE = {
  length: 0,
  extent: 1024,
  id: new Float64Array(0),
  firstRing: [0],
  firstPoint: [0],
  points: [],
  boxes: [],
};

/** @param {ArrayBuffer | null} bytes @returns {Outlines} */
export function decodeOutlines(bytes) {
  const layer = bytes && new VectorTile(new PbfReader(new Uint8Array(bytes))).layers.areas;
  if (!layer) return NONE;
  const { length, extent } = layer;
  const id = new Float64Array(length);
  const firstRing = [0];
  const firstPoint = [0];
  /** @type {number[]} */
  const points = [];
  /** @type {number[]} */
  const boxes = [];
  for (let i = 0; i < length; i += 1) {
    const feature = layer.feature(i);
    id[i] = feature.id ?? 0;
    boxes.push(...feature.bbox());
    for (const ring of feature.loadGeometry()) {
      for (const { x, y } of ring) points.push(x, y);
      firstPoint.push(points.length / 2);
    }
    firstRing.push(firstPoint.length - 1);
  }
  return { length, extent, id, firstRing, firstPoint, points, boxes };
}

/** The area at a place of the tile, in its units; null where none is. @param {Outlines} outlines @param {number} x @param {number} y */
export function outlineAt(outlines, x, y) {
  const { length, boxes, id } = outlines;
  for (let i = 0; i < length; i += 1) {
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.slice(4 * i, 4 * i + 4);
    if (x < left || x > right || y < top || y > bottom) continue;
    if (isInside(outlines, i, x, y)) return id[i] ?? null;
  }
  return null;
}

/** By the number of sides to the right of the place, which is odd inside; holes count as sides. @param {Outlines} outlines @param {number} i @param {number} x @param {number} y */
function isInside({ firstRing, firstPoint, points }, i, x, y) {
  let inside = false;
  for (let ring = firstRing[i] ?? 0; ring < (firstRing[i + 1] ?? 0); ring += 1) {
    const end = firstPoint[ring + 1] ?? 0;
    for (let p = (firstPoint[ring] ?? 0) + 1; p < end; p += 1) {
      const [ax = 0, ay = 0, bx = 0, by = 0] = points.slice(2 * p - 2, 2 * p + 2);
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
    }
  }
  return inside;
}

/** Of a layer. @extends {KeptTiles<Outlines>} */
export class OutlineSource extends KeptTiles {
  /** @param {string} template with {z}, {x} and {y} @param {(url: string, signal: AbortSignal) => Promise<ArrayBuffer | null>} fetchTile */
  constructor(template, fetchTile) {
    super(template, decodeOutlines, fetchTile);
  }
}
