// The state of the map page as a query string, and back.

import { formatRanges, parseRanges } from "./ranges.js";
import { decode, encode } from "./zone.js";

/** @import {CellKey, Language, MapState, Reading, View} from "./types.d.ts" */

/** @param {string | null} text @returns {View | null} */
function parseView(text) {
  const [zoom, lat, lon] = (text ?? "").split("/").map(Number);
  if (zoom === undefined || lat === undefined || lon === undefined) return null;
  const sane = zoom >= 0 && zoom <= 22 && Math.abs(lat) <= 85.06 && Math.abs(lon) <= 180;
  return sane ? { lat, lon, zoom } : null;
}

/** @param {string | null} text @returns {CellKey | null} */
function parseCell(text) {
  const match = /^(\d{1,2})\/(\d{1,8})\/(\d{1,8})$/.exec(text ?? "");
  if (!match) return null;
  const [z, x, y] = match.slice(1).map(Number);
  if (z === undefined || x === undefined || y === undefined) return null;
  return z >= 5 && z <= 22 && x < 2 ** z && y < 2 ** z ? { z, x, y } : null;
}

/** @param {string | null} text */
function parseArea(text) {
  const match = /^([a-z][a-z0-9_]*)\/(.+)$/.exec(text ?? "");
  return match
    ? { layer: /** @type {string} */ (match[1]), code: /** @type {string} */ (match[2]) }
    : null;
}

/** As «lively» or «safety@people-2.0». @param {string | null} text @param {string[]} attributes @returns {Reading | null} */
function parseReading(text, attributes) {
  const match = /^(\w+)(?:@([A-Za-z0-9][\w.-]*))?$/.exec(text ?? "");
  const attribute = match?.[1] ?? "";
  return attributes.includes(attribute) ? { attribute, release: match?.[2] ?? null } : null;
}

/** @param {Reading} reading */
function formatReading({ attribute, release }) {
  return release ? `${attribute}@${release}` : attribute;
}

/** @param {string | null} text */
function parseId(text) {
  return /^[1-9]\d{0,15}$/.test(text ?? "") ? Number(text) : null;
}

/**
 * What is unknown or broken falls back to its default, so an old link still opens the map.
 * @param {string} search
 * @param {{ lang: Language, attributes: string[], modes: string[] }} known
 * @returns {MapState}
 */
export function parse(search, { lang, attributes, modes }) {
  const query = new URLSearchParams(search);
  const attribute = query.get("attribute") ?? "";
  const mode = query.get("show") ?? "";
  return {
    lang,
    release: query.get("release"),
    attribute: attributes.includes(attribute) ? attribute : (attributes[0] ?? ""),
    mode: modes.includes(mode) ? mode : "auto",
    view: parseView(query.get("at")),
    area: parseArea(query.get("area")),
    cell: parseCell(query.get("cell")),
    zone: decode(query.get("zone")),
    photo: parseId(query.get("photo")),
    table: query.get("table") === "1",
    only: parseRanges(query.get("only"), attributes),
    against: parseReading(query.get("against"), attributes),
    beside: parseReading(query.get("beside"), attributes),
    embed: query.get("embed") === "1",
  };
}

/** Five decimals are about a metre. @param {number} degrees */
function place(degrees) {
  return String(Number(degrees.toFixed(5)));
}

/**
 * The shortest query string that `parse` turns back into the state.
 * @param {MapState} state @param {string} firstAttribute
 */
export function format(state, firstAttribute) {
  const parts = [];
  if (state.lang !== "es") parts.push(`lang=${state.lang}`);
  if (state.release) parts.push(`release=${encodeURIComponent(state.release)}`);
  if (state.attribute !== firstAttribute) parts.push(`attribute=${state.attribute}`);
  if (state.mode !== "auto") parts.push(`show=${state.mode}`);
  if (state.against) parts.push(`against=${formatReading(state.against)}`);
  if (state.beside) parts.push(`beside=${formatReading(state.beside)}`);
  if (state.only.length > 0) parts.push(`only=${formatRanges(state.only)}`);
  if (state.view) {
    const { zoom, lat, lon } = state.view;
    parts.push(`at=${zoom}/${place(lat)}/${place(lon)}`);
  }
  if (state.area) parts.push(`area=${state.area.layer}/${encodeURIComponent(state.area.code)}`);
  if (state.cell) parts.push(`cell=${state.cell.z}/${state.cell.x}/${state.cell.y}`);
  if (state.zone) parts.push(`zone=${encode(state.zone)}`);
  if (state.photo !== null) parts.push(`photo=${state.photo}`);
  if (state.table) parts.push("table=1");
  if (state.embed) parts.push("embed=1");
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}
