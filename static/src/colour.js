// Cividis for scores: even in lightness, and the same to eyes that do not tell red from green. For
// differences orange to purple, which those eyes tell apart too; none is the lightest.

import { interpolateCividis, interpolatePuOr } from "d3-scale-chromatic";
import { position } from "./scale.js";

/** @import {Scale} from "./types.d.ts" */

const STEPS = 256;
const PALETTE = Array.from({ length: STEPS }, (_, i) => interpolateCividis(i / (STEPS - 1)));
const DIVERGING = Array.from({ length: STEPS }, (_, i) => interpolatePuOr(1 - i / (STEPS - 1)));

/** @param {number} along 0 (blue) to 1 (yellow) */
export function cividis(along) {
  const step = Math.round(Math.min(1, Math.max(0, along)) * (STEPS - 1));
  return /** @type {string} */ (PALETTE[step]);
}

/** @param {number} along 0 (orange) to 1 (purple) */
export function diverging(along) {
  const step = Math.round(Math.min(1, Math.max(0, along)) * (STEPS - 1));
  return /** @type {string} */ (DIVERGING[step]);
}

/**
 * The colour of every difference in hundredths, -1000 to 1000, ready for a painting loop.
 * @param {Scale} scale
 */
export function differenceLookup(scale) {
  return Array.from({ length: 2001 }, (_, i) => diverging(position(scale, (i - 1000) / 100)));
}

/** @param {Scale} scale @param {number} score 0 to 10 */
export function colourOf(scale, score) {
  return cividis(position(scale, score));
}

/**
 * The colour of every integer score of a tile, 0 to 1000, ready for a painting loop.
 * @param {Scale} scale
 */
export function lookup(scale) {
  return Array.from({ length: 1001 }, (_, score) => colourOf(scale, score / 100));
}

/**
 * Relative luminance (WCAG 2) of an rgb(…) colour, 0 to 1.
 * @param {string} colour
 */
export function luminance(colour) {
  const channels = (colour.match(/\d+/g) ?? []).slice(0, 3).map((text) => {
    const c = Number(text) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const [r = 0, g = 0, b = 0] = channels;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Whether white text is easier to read on the colour than black. @param {string} colour */
export function isDark(colour) {
  const l = luminance(colour);
  return 1.05 / (l + 0.05) > (l + 0.05) / 0.05;
}
