// What areas are painted with on a canvas.

/** @import {Outlines} from "../outlines.js" */

/** Divides a tile's side, so that the lines go on from tile to tile. */
const HATCH_PX = 8;
/** As .hatch-ground and .hatch-line of layers.css. */
const GROUND = "#c3cad0";
const LINE = "#7d8891";
/** On a screen of high density the lines are no finer than they need to be. */
const MOST_DENSITY = 2;

function density() {
  return Math.min(MOST_DENSITY, window.devicePixelRatio || 1);
}

/** @param {number} side in pixels of the page */
export function canvasOf(side) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(side * density());
  canvas.height = canvas.width;
  return canvas;
}

/** @param {Outlines} outlines @param {number} i */
export function pathOf({ firstRing, firstPoint, points }, i) {
  const path = new Path2D();
  for (let ring = firstRing[i] ?? 0; ring < (firstRing[i + 1] ?? 0); ring += 1) {
    const start = firstPoint[ring] ?? 0;
    // The last point of a ring repeats the first.
    const end = (firstPoint[ring + 1] ?? 0) - 1;
    path.moveTo(points[2 * start] ?? 0, points[2 * start + 1] ?? 0);
    for (let p = start + 1; p < end; p += 1)
      path.lineTo(points[2 * p] ?? 0, points[2 * p + 1] ?? 0);
    path.closePath();
  }
  return path;
}

/** @type {HTMLCanvasElement | null} */
let hatch = null;

/** Slanted lines. @param {CanvasRenderingContext2D} pen @param {number} pixel of the page, in the pen's units */
export function hatchOf(pen, pixel) {
  hatch ??= drawnHatch();
  const pattern = /** @type {CanvasPattern} */ (pen.createPattern(hatch, "repeat"));
  pattern.setTransform(new DOMMatrix().scale((HATCH_PX * pixel) / hatch.width));
  return pattern;
}

function drawnHatch() {
  const canvas = canvasOf(HATCH_PX);
  const { width: side } = canvas;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.fillStyle = GROUND;
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = LINE;
  pen.lineWidth = side / 4;
  for (const left of [-side, 0, side]) {
    pen.moveTo(left - side, 2 * side);
    pen.lineTo(left + 2 * side, -side);
  }
  pen.stroke();
  return canvas;
}
