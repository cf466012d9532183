// The map as it is now, as a PNG file: title, map, legend, where it comes from and when.
//
// The base map stays out: its tiles come from elsewhere and may not be read back from a canvas.

import { byId } from "../dom.js";
import { ticks } from "../scale.js";

/** @import {LegendModel} from "./legend.js" */

const DENSITY = 2;
const MARGIN = 24;
const LEAST_WIDTH = 360;
const LEGEND_HEIGHT = 84;
const BAR_HEIGHT = 12;
const TITLE = { font: "500 30px", line: 36 };
const SMALL = { font: "13px", line: 18 };
/** What lies in the stage beside the maps, and what of the maps is not data. */
const LEFT_OUT =
  ".left, .nav, .tools, .status, .ranges, .drawbar, .way-out, .panel, .sheet, .beside-card," +
  " .visually-hidden, .leaflet-ground-pane, .leaflet-control-container, .tip, noscript";

/**
 * @typedef {object} Plate what is written around the map
 * @property {string} title
 * @property {string[]} notes below the title
 * @property {LegendModel[]} legends from left to right
 * @property {string[]} foot
 */

/** A plain colour of the page's own theme. @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {string} name of the variable of a typeface @param {string} size */
function font(name, size) {
  return `${size} ${getComputedStyle(document.documentElement).getPropertyValue(name)}`;
}

/** The maps alone, as they are on the page. */
async function pictureOfMaps() {
  const { toCanvas } = await import("html-to-image");
  return toCanvas(byId("main"), {
    pixelRatio: DENSITY,
    backgroundColor: colour("--ground"),
    // It would read them by way of a <base> element, which the page's policy refuses.
    skipFonts: true,
    filter: (node) => !(node instanceof Element && node.matches(LEFT_OUT)),
  });
}

/** The part of the page that its maps take, in its own pixels. */
function frameOfMaps() {
  const boxes = [...document.querySelectorAll(".stage .map")]
    .map((map) => map.getBoundingClientRect())
    .filter((box) => box.width > 0);
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.right));
  const bottom = Math.max(...boxes.map((box) => box.bottom));
  return { left, top, width: right - left, height: bottom - top };
}

/** Lines of text that are no wider than there is room. @param {CanvasRenderingContext2D} pen @param {string} text @param {number} width */
function wrapped(pen, text, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && pen.measureText(longer).width <= width) lines.pop();
    if (lines.length > 0 && pen.measureText(longer).width > width) lines.push(word);
    else lines.push(longer);
  }
  return lines;
}

/** @param {CanvasRenderingContext2D} pen @param {LegendModel} model @param {number} left @param {number} top @param {number} width */
function drawLegend(pen, model, left, top, width) {
  const gradient = pen.createLinearGradient(left, 0, left + width, 0);
  for (let i = 0; i <= 16; i += 1) gradient.addColorStop(i / 16, model.colour(i / 16));
  pen.fillStyle = gradient;
  pen.fillRect(left, top, width, BAR_HEIGHT);
  pen.fillStyle = colour("--ink-2");
  pen.font = font("--text", "13px");
  for (const [i, value] of ticks(model.scale).entries()) {
    pen.textAlign = i === 0 ? "left" : i === 4 ? "right" : "center";
    pen.fillText(model.number(value), left + (width * i) / 4, top + BAR_HEIGHT + 16);
  }
  pen.fillStyle = colour("--ink");
  pen.font = font("--text", "600 13px");
  pen.textAlign = "left";
  pen.fillText(model.ends[0], left, top + BAR_HEIGHT + 34, width / 2 - 4);
  pen.textAlign = "right";
  pen.fillText(model.ends[1], left + width, top + BAR_HEIGHT + 34, width / 2 - 4);
  pen.textAlign = "left";
}

/**
 * Where everything goes, in the page's pixels.
 * @param {CanvasRenderingContext2D} pen @param {Plate} plate @param {{ width: number, height: number }} frame
 */
function layout(pen, { title, notes, foot }, frame) {
  const width = Math.max(LEAST_WIDTH, frame.width);
  const inner = width - 2 * MARGIN;
  const lines = (/** @type {string[]} */ texts) =>
    texts.flatMap((text) => wrapped(pen, text, inner));
  pen.font = font("--heading", TITLE.font);
  const titles = wrapped(pen, title, inner);
  pen.font = font("--text", SMALL.font);
  const above = lines(notes);
  const below = lines(foot);
  const head = MARGIN + titles.length * TITLE.line + above.length * SMALL.line + 12;
  const legend = head + frame.height + 20;
  const height = legend + LEGEND_HEIGHT + below.length * SMALL.line + 4;
  return { width, height, inner, titles, above, below, head, legend };
}

/** @param {Plate} plate @returns {Promise<Blob>} a PNG file at twice the page's size */
export async function imageOf(plate) {
  const maps = await pictureOfMaps();
  const { left, top, width, height } = frameOfMaps();
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const places = layout(pen, plate, { width, height });
  canvas.width = places.width * DENSITY;
  canvas.height = places.height * DENSITY;
  pen.scale(DENSITY, DENSITY);
  pen.fillStyle = colour("--paper");
  pen.fillRect(0, 0, places.width, places.height);
  const write = (
    /** @type {string[]} */ lines,
    /** @type {number} */ from,
    /** @type {number} */ step,
  ) => {
    for (const [i, line] of lines.entries())
      pen.fillText(line, MARGIN, from + i * step, places.inner);
  };
  pen.fillStyle = colour("--ink");
  pen.font = font("--heading", TITLE.font);
  write(places.titles, MARGIN + 24, TITLE.line);
  const at = [left, top, width, height].map((edge) => edge * DENSITY);
  const [sx = 0, sy = 0, sw = 0, sh = 0] = at;
  pen.drawImage(maps, sx, sy, sw, sh, 0, places.head, width, height);
  const { legends } = plate;
  const share = (places.inner - MARGIN * (legends.length - 1)) / legends.length;
  for (const [i, model] of legends.entries())
    drawLegend(pen, model, MARGIN + i * (share + MARGIN), places.legend, Math.min(320, share));
  pen.font = font("--text", SMALL.font);
  pen.fillStyle = colour("--ink-2");
  write(places.above, MARGIN + places.titles.length * TITLE.line + 12, SMALL.line);
  write(places.below, places.legend + LEGEND_HEIGHT - 6, SMALL.line);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no image"))), "image/png");
  });
}

/** Hands a file to the browser. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
