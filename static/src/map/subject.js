// What the panel tells of: an area, a square of the grid, or a drawn zone.

import * as api from "../api.js";
import { cellBbox, cellSideM } from "../geometry.js";
import { encode } from "../zone.js";

/** @import {Area, Bbox, CellDetail, DrawnShape, Figures, Layer, Photo, ZoneDetail} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/** @typedef {{ photos: number, cells: number }} Floor */
/** @typedef {{ kind: "area", layer: Layer, area: Area, floor: Floor, spread: number }} AreaSubject */
/** @typedef {{ kind: "cell", cell: CellDetail, spread: number }} CellSubject */
/** @typedef {{ kind: "zone", shape: DrawnShape, zone: ZoneDetail, spread: number }} ZoneSubject */
/** @typedef {AreaSubject | CellSubject | ZoneSubject} Subject */
/** @typedef {{ kind: "refused", shape: DrawnShape, problem: Record<string, any> }} Refused a zone that is not counted */

/** @param {Subject} subject @returns {{ n: number, attributes: Figures, bbox: Bbox }} */
export function figuresOf(subject) {
  if (subject.kind === "area") return subject.area;
  return subject.kind === "cell" ? subject.cell : subject.zone;
}

/** The same for the same place. @param {Subject | Refused | null} subject */
export function keyOf(subject) {
  if (!subject) return "";
  if (subject.kind === "area") return `${subject.layer.key}/${subject.area.code}`;
  if (subject.kind !== "cell") return `${subject.kind}/${encode(subject.shape)}`;
  return `${subject.cell.z}/${subject.cell.x}/${subject.cell.y}`;
}

/** As an address of the gallery has it. @param {AreaSubject | ZoneSubject} subject @returns {Record<string, string>} */
export function placeOf(subject) {
  if (subject.kind === "zone") return { zone: encode(subject.shape) };
  return { layer: subject.layer.key, area: subject.area.code };
}

/** @param {Words} words @param {Subject | Refused} subject */
export function titleOf(words, subject) {
  if (subject.kind === "area") return subject.area.name;
  if (subject.kind === "cell")
    return words.t("panel.cell", { size: words.distance(cellSideM(subject.cell)) });
  return words.t("panel.zone");
}

/** As it stands in a sentence; null for a square, which has a sentence of its own. @param {Words} words @param {Subject} subject */
export function nameOf(words, subject) {
  if (subject.kind === "cell") return null;
  return subject.kind === "area" ? subject.area.name : words.t("panel.zone.name");
}

/** Why a mean is not shown; null where it is. @param {Words} words @param {Subject} subject */
export function reasonOf(words, subject) {
  if (subject.kind === "cell") return null;
  const { n, shown, reason } = subject.kind === "area" ? subject.area : subject.zone;
  if (shown) return null;
  const floor = subject.kind === "area" ? subject.floor : subject.zone.floor;
  const key = reason === "few-cells" ? "panel.few.cells" : "panel.few";
  return words.t(key, { n: words.number(n), ...floor });
}

/** @param {Words} words @param {Subject} subject */
export function emptyText(words, subject) {
  return subject.kind === "area"
    ? words.t("panel.none", { name: subject.area.name })
    : words.t("panel.no_photos");
}

/** Why the server does not count a zone. @param {Words} words @param {Refused} subject */
export function refusalOf(words, { problem }) {
  if (problem.code !== "too-large") return problem.detail ?? words.t("panel.zone.refused");
  const { photos, limit } = problem;
  return words.t("panel.zone.large", { photos: words.number(photos), limit: words.number(limit) });
}

/**
 * The first photos of the three orders; one photo is never shown twice.
 * @param {Subject} subject @param {string} attribute @param {number} limit
 */
export async function photosOf(subject, attribute, limit) {
  const seen = new Set();
  return (await fetchPhotos(subject, attribute, limit)).map((photos) =>
    photos.filter(({ id }) => {
      const isNew = !seen.has(id);
      seen.add(id);
      return isNew;
    }),
  );
}

/** @param {Subject} subject @param {string} attribute @param {number} limit @returns {Promise<Photo[][]>} */
async function fetchPhotos(subject, attribute, limit) {
  if (subject.kind === "zone") {
    const { most, typical, least } = await api.zonePhotos(subject.shape, attribute, limit);
    return [most, typical, least];
  }
  const where =
    subject.kind === "area"
      ? { layer: subject.layer.key, area: subject.area.code }
      : { bbox: cellBbox(subject.cell).join(",") };
  const pages = await Promise.all(
    ["most", "typical", "least"].map((order) => api.photos({ ...where, attribute, order, limit })),
  );
  return pages.map(({ photos }) => photos);
}
