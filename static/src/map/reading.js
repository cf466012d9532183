// What the map shows: scores of one attribute, or a difference, and how it is said.

import { differenceLookup, diverging, lookup, colourOf as scoreColour } from "../colour.js";
import { readingOf } from "../measure.js";
import { position } from "../scale.js";
import { scaleFor, spreadOf } from "./colouring.js";
import { tipOf, tipOfArea, tipOfDifference } from "./wording.js";

/** @import {Measure} from "../measure.js" */
/** @import {Area, Hit, Reading, Scale} from "../types.d.ts" */
/** @import {Colouring} from "./colouring.js" */
/** @import {Desk} from "./desk.js" */

/** Differences of single photos reach further, but few do. */
const PHOTO_SPREAD = 5;
const STEP = 0.5;

/** @param {Desk} desk @returns {Measure} */
export function measureOf({ state, keys, attributeIndex }) {
  const { against } = state;
  if (!against) return { plane: attributeIndex, minus: null };
  const other = keys.indexOf(against.attribute);
  return { plane: attributeIndex, minus: against.release ? keys.length + other : other };
}

/** The two means of an area that a difference is made of; null where either is not shown. @param {Desk} desk @param {string | null} layer @param {Area} area @returns {[one: number, other: number] | null} */
function bothOf(desk, layer, area) {
  const { against, attribute } = desk.state;
  if (!against) return null;
  const partner = against.release ? desk.other?.areaOf(layer, area.code) : area;
  const one = area.attributes[attribute]?.mean;
  const other = partner?.attributes[against.attribute]?.mean;
  if (!area.shown || !partner?.shown || one === undefined || other === undefined) return null;
  return [one, other];
}

/** What an area is coloured by; null where nothing is shown of it. @param {Desk} desk @param {string | null} layer @param {Area} area */
export function valueOfArea(desk, layer, area) {
  if (!desk.state.against) {
    return area.shown ? (area.attributes[desk.state.attribute]?.mean ?? null) : null;
  }
  const both = bothOf(desk, layer, area);
  return both && both[0] - both[1];
}

/** d of a difference's scale 0 ± d: of areas as far as they go, else fixed. @param {Desk} desk @param {Colouring} colouring */
function differenceSpread(desk, colouring) {
  if (colouring.kind === "photos") return PHOTO_SPREAD;
  if (colouring.kind === "cells") return spreadOf(colouring, desk.release) ?? PHOTO_SPREAD;
  const { layer } = colouring;
  const values = desk.lists
    .get(layer)
    ?.areas.map((a) => Math.abs(valueOfArea(desk, layer, a) ?? 0));
  return Math.max(STEP, Math.ceil(Math.max(0, ...(values ?? [])) / STEP) * STEP);
}

/** @param {Desk} desk @param {Colouring} colouring @returns {Scale} */
export function scaleOfMap(desk, colouring) {
  if (!desk.state.against) return scaleFor(colouring, desk.release, desk.attribute);
  const d = differenceSpread(desk, colouring);
  return { low: -d, high: d, reversed: false };
}

/** @param {Desk} desk @param {Scale} scale @param {number} value */
export function colourOf(desk, scale, value) {
  return desk.state.against ? diverging(position(scale, value)) : scoreColour(scale, value);
}

/** Colours of all values in hundredths, from the least up. @param {Desk} desk @param {Scale} scale */
export function coloursOf(desk, scale) {
  return desk.state.against
    ? { colours: differenceLookup(scale), least: -1000 }
    : { colours: lookup(scale), least: 0 };
}

/** The one line about an area. @param {Desk} desk @param {string | null} layer @param {Area} area */
export function lineOfArea(desk, layer, area) {
  const { words, attribute } = desk;
  const both = bothOf(desk, layer, area);
  if (both) return tipOfDifference(words, area.name, both);
  return tipOfArea(words, area, attribute.key);
}

/** The one line about a square or a photo. @param {Desk} desk @param {Exclude<Hit, { kind: "area" }>} hit @param {string} size of a square */
export function lineOf(desk, hit, size) {
  const { words, attributeIndex } = desk;
  const { plane, minus } = measureOf(desk);
  if (minus === null) return tipOf(words, hit, attributeIndex, size);
  const one = readingOf(hit.scores, { plane, minus: null });
  const other = readingOf(hit.scores, { plane: minus, minus: null });
  const name = hit.kind === "photo" ? words.t("photo.label") : words.t("panel.cell", { size });
  return one === null || other === null
    ? `${name} · ${words.t("tip.unscored")}`
    : tipOfDifference(words, name, [one, other]);
}

/** A reading in words: «segura», or «segura (people-2.0)». @param {Desk} desk @param {Reading} reading */
export function nameOfReading(desk, { attribute, release }) {
  const label = desk.attributeOf(attribute).label[desk.words.lang];
  return release ? `${label} (${release})` : label;
}

/** The two ends of a difference's scale in words. @param {Desk} desk @returns {[left: string, right: string]} */
export function endsOfDifference(desk) {
  const { words, state, release } = desk;
  const { against, attribute } = state;
  if (!against) return ["", ""];
  const [one, other] = [attribute, against.attribute].map(
    (key) => desk.attributeOf(key).label[words.lang],
  );
  if (!against.release) {
    const end = (/** @type {string} */ a, /** @type {string} */ b) =>
      words.t("difference.end", { one: a, other: b });
    return [end(other ?? "", one ?? ""), end(one ?? "", other ?? "")];
  }
  const end = (/** @type {string} */ label, /** @type {string} */ name) =>
    words.t("difference.end.release", { label, release: name });
  return [end(other ?? "", against.release), end(one ?? "", release?.release ?? "")];
}
