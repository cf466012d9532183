// The state of the gallery as a query string, and back.

import { formatRanges, parseRanges } from "../ranges.js";
import { decode } from "../zone.js";

/** @import {Language, ScoreRange} from "../types.d.ts" */

/** "most" and "least" of the attribute itself, whichever end is the favourable one. */
export const ORDERS = /** @type {const} */ ([
  "most",
  "least",
  "typical",
  "newest",
  "random",
  "nearest",
]);

/** What a list is asked for by; the rest of the state only says how it is looked at. */
export const ASKED = /** @type {const} */ ([
  "attribute",
  "order",
  "layer",
  "area",
  "only",
  "from",
  "to",
  "batch",
  "near",
  "zone",
  "seed",
]);

/**
 * @typedef {object} GalleryState
 * @property {Language} lang
 * @property {string | null} release null: the active one
 * @property {string} attribute
 * @property {(typeof ORDERS)[number]} order
 * @property {string | null} layer
 * @property {string | null} area
 * @property {ScoreRange[]} only
 * @property {string | null} from first day of capture, as 2024-03-01
 * @property {string | null} to last day
 * @property {number | null} batch
 * @property {string | null} near "lon,lat"
 * @property {string | null} zone a drawn shape, as the map's address has it
 * @property {number} seed of the random order
 * @property {number} at the first photo to be seen, counted from 0
 * @property {number | null} photo
 * @property {[x: string, y: string] | null} pair attributes of the plot; null: it is closed
 */

/** @param {string | null} text @param {RegExp} form */
function matching(text, form) {
  return text !== null && form.test(text) ? text : null;
}

/** @param {string | null} text */
function number(text) {
  return matching(text, /^[1-9]\d{0,14}$/) ? Number(text) : null;
}

/** @param {string | null} text */
function day(text) {
  const written = matching(text, /^\d{4}-\d\d-\d\d$/);
  return written && !Number.isNaN(Date.parse(written)) ? written : null;
}

/** @param {string | null} text */
function place(text) {
  const written = matching(text, /^-?\d{1,3}(\.\d+)?,-?\d{1,2}(\.\d+)?$/);
  const [lon = 999, lat = 999] = (written ?? "").split(",").map(Number);
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 85 ? written : null;
}

/** Two different attributes. @param {string | null} text @param {string[]} attributes @returns {[x: string, y: string] | null} */
function twoOf(text, attributes) {
  const [x = "", y = "", ...more] = (text ?? "").split(",");
  const isPair = x !== y && attributes.includes(x) && attributes.includes(y);
  return isPair && more.length === 0 ? [x, y] : null;
}

/**
 * What is unknown or broken falls back to its default.
 * @param {string} search @param {Language} lang @param {string[]} attributes
 * @returns {GalleryState}
 */
export function parse(search, lang, attributes) {
  const query = new URLSearchParams(search);
  const attribute = query.get("attribute") ?? "";
  const near = place(query.get("near"));
  const order = ORDERS.find((each) => each === query.get("order")) ?? "most";
  const area = query.get("area");
  const zone = query.get("zone");
  return {
    lang,
    release: query.get("release"),
    attribute: attributes.includes(attribute) ? attribute : (attributes[0] ?? ""),
    order: order === "nearest" && !near ? "most" : order,
    layer: area ? query.get("layer") : null,
    area,
    only: parseRanges(query.get("only"), attributes),
    from: day(query.get("from")),
    to: day(query.get("to")),
    batch: number(query.get("batch")),
    near,
    zone: decode(zone) ? zone : null,
    seed: number(query.get("seed")) ?? 0,
    at: number(query.get("at")) ?? 0,
    photo: number(query.get("photo")),
    pair: twoOf(query.get("pair"), attributes),
  };
}

/** The shortest query string that `parse` turns back into the state. @param {GalleryState} state @param {string} firstAttribute */
export function format(state, firstAttribute) {
  /** @type {[string, string | number | null | false][]} */
  const parts = [
    ["lang", state.lang !== "es" && state.lang],
    ["release", state.release],
    ["attribute", state.attribute !== firstAttribute && state.attribute],
    ["order", state.order !== "most" && state.order],
    ["layer", state.area && state.layer],
    ["area", state.area],
    ["only", formatRanges(state.only)],
    ["from", state.from],
    ["to", state.to],
    ["batch", state.batch],
    ["near", state.near],
    ["zone", state.zone],
    ["seed", state.order === "random" && state.seed],
    ["pair", state.pair?.join() ?? null],
    ["at", state.at],
    ["photo", state.photo],
  ];
  const text = parts
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}=${escaped(String(value))}`)
    .join("&");
  return text ? `?${text}` : "";
}

/** Ranges and places stay readable. @param {string} text */
function escaped(text) {
  return encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/**
 * What the API is asked for the list of a state.
 * @param {GalleryState} state @param {string | undefined} firstLayer
 */
export function asQuestion(state, firstLayer) {
  const { attribute, order, area, layer, only, from, to, batch, near, zone, seed } = state;
  return {
    attribute,
    order,
    layer: area ? (layer ?? firstLayer) : null,
    area,
    only: only.length > 0 ? formatRanges(only) : null,
    from,
    to,
    batch,
    near,
    zone,
    seed: order === "random" && seed ? seed : null,
  };
}

/**
 * The same for a sample of the list, which has neither an order nor an attribute.
 * @param {GalleryState} state @param {string | undefined} firstLayer
 */
export function asSampled(state, firstLayer) {
  const { attribute: _a, order: _o, seed: _s, ...where } = asQuestion(state, firstLayer);
  return where;
}

/** Whether another list is to be asked for. @param {GalleryState} one @param {GalleryState} other */
export function isSameList(one, other) {
  return ASKED.every((name) => JSON.stringify(one[name]) === JSON.stringify(other[name]));
}
