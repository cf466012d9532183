// Web Mercator arithmetic. Normalised coordinates run from 0 to 1, from the north-west corner.

/** @import {Bbox, CellKey} from "./types.d.ts" */

const EARTH_CIRCUMFERENCE_M = 40_075_016.686;

/** A tile shows the cells this many levels below its own zoom. */
export const CELL_LEVELS = 5;
export const CELLS_PER_SIDE = 2 ** CELL_LEVELS;

/** @param {number} lon @returns {number} */
export function mercatorX(lon) {
  return (lon + 180) / 360;
}

/** @param {number} lat @returns {number} */
export function mercatorY(lat) {
  const sin = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

/** @param {number} x */
export function longitude(x) {
  return x * 360 - 180;
}

/** @param {number} y */
export function latitude(y) {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

/** The cell of a zoom that holds a place. @param {number} lat @param {number} lon @param {number} z */
export function cellAt(lat, lon, z) {
  const side = 2 ** z;
  const clamp = (/** @type {number} */ v) => Math.min(side - 1, Math.max(0, Math.floor(v * side)));
  return { z, x: clamp(mercatorX(lon)), y: clamp(mercatorY(lat)) };
}

/** @param {CellKey} cell @returns {Bbox} */
export function cellBbox({ z, x, y }) {
  const side = 2 ** z;
  return [
    longitude(x / side),
    latitude((y + 1) / side),
    longitude((x + 1) / side),
    latitude(y / side),
  ];
}

/** Side of a cell on the ground, in metres, at its own latitude. @param {CellKey} cell */
export function cellSideM({ z, y }) {
  const middle = latitude((y + 0.5) / 2 ** z);
  return (EARTH_CIRCUMFERENCE_M * Math.cos((middle * Math.PI) / 180)) / 2 ** z;
}

/** Index of the nearest of eight directions, 0 north, clockwise. @param {number} heading_deg */
export function direction(heading_deg) {
  return Math.round((((heading_deg % 360) + 360) % 360) / 45) % 8;
}

/** The box around all boxes, or null when there is none. @param {Bbox[]} boxes @returns {Bbox | null} */
export function around(boxes) {
  if (boxes.length === 0) return null;
  return [
    Math.min(...boxes.map((b) => b[0])),
    Math.min(...boxes.map((b) => b[1])),
    Math.max(...boxes.map((b) => b[2])),
    Math.max(...boxes.map((b) => b[3])),
  ];
}

/** Whether a place lies in a box, its edges included. @param {Bbox} box @param {number} lat @param {number} lon */
export function contains([west, south, east, north], lat, lon) {
  return lon >= west && lon <= east && lat >= south && lat <= north;
}
