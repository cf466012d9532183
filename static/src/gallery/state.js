// The state of the gallery as a query string, and back.

/** @import {Language} from "../types.d.ts" */

/** "most" and "least" of the attribute itself, whichever end is the favourable one. */
export const ORDERS = /** @type {const} */ (["most", "least", "typical", "newest"]);

/**
 * @typedef {object} GalleryState
 * @property {Language} lang
 * @property {string | null} release null: the active one
 * @property {string} attribute
 * @property {(typeof ORDERS)[number]} order
 * @property {string | null} layer
 * @property {string | null} area
 * @property {number | null} photo
 */

/**
 * @param {string} search @param {Language} lang @param {string[]} attributes
 * @returns {GalleryState}
 */
export function parse(search, lang, attributes) {
  const query = new URLSearchParams(search);
  const attribute = query.get("attribute") ?? "";
  const photo = query.get("photo") ?? "";
  return {
    lang,
    release: query.get("release"),
    attribute: attributes.includes(attribute) ? attribute : (attributes[0] ?? ""),
    order: ORDERS.find((order) => order === query.get("order")) ?? "most",
    layer: query.get("layer"),
    area: query.get("area"),
    photo: /^[1-9]\d{0,15}$/.test(photo) ? Number(photo) : null,
  };
}

/** @param {GalleryState} state @param {string} firstAttribute */
export function format(state, firstAttribute) {
  const query = new URLSearchParams();
  if (state.lang !== "es") query.set("lang", state.lang);
  if (state.release) query.set("release", state.release);
  if (state.attribute !== firstAttribute) query.set("attribute", state.attribute);
  if (state.order !== "most") query.set("order", state.order);
  if (state.area) {
    if (state.layer) query.set("layer", state.layer);
    query.set("area", state.area);
  }
  if (state.photo !== null) query.set("photo", String(state.photo));
  const text = query.toString();
  return text ? `?${text}` : "";
}
