// Which part of the world a map shows, and how it moves to show another.

import L from "leaflet";

/** @import {Bbox, View} from "../types.d.ts" */
/** @typedef {{ left: number, top: number, right: number, bottom: number }} Padding what is covered on each side, in pixels */

/** @param {L.Map} map @returns {View} */
export function viewOf(map) {
  const { lat, lng } = map.getCenter();
  return { lat, lon: lng, zoom: map.getZoom() };
}

/** @param {L.Map} map @returns {Bbox} */
export function bboxOf(map) {
  const bounds = map.getBounds();
  return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
}

/** For who asks for less motion: all moves of the map, by keys too, are made at once. @param {L.Map} map */
export function moveAtOnce(map) {
  map.panBy = (offset, options) =>
    L.Map.prototype.panBy.call(map, offset, { ...options, animate: false });
}

/** Shows the whole box in the part of the map that nothing covers. @param {L.Map} map @param {Bbox} box @param {Padding} padding @param {number} maxZoom */
export function fit(map, [west, south, east, north], { left, top, right, bottom }, maxZoom) {
  map.fitBounds(
    [
      [south, west],
      [north, east],
    ],
    { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom], maxZoom },
  );
}

/**
 * Moves as little as needed for a box to be seen whole, or its middle where it is too large.
 * @param {L.Map} map @param {Bbox} box @param {{ lat: number, lon: number }} middle
 * @param {Padding} padding
 */
export function reveal(
  map,
  [west, south, east, north],
  { lat, lon },
  { left, top, right, bottom },
) {
  const size = map.getSize();
  const seen = L.bounds([left, top], [size.x - right, size.y - bottom]);
  const from = map.latLngToContainerPoint([north, west]);
  const to = map.latLngToContainerPoint([south, east]);
  const fits = L.bounds(from, to).getSize();
  const isSmall = fits.x <= seen.getSize().x && fits.y <= seen.getSize().y;
  const paddings = {
    paddingTopLeft: L.point(left + 24, top + 24),
    paddingBottomRight: L.point(right + 24, bottom + 24),
  };
  if (!isSmall) map.panInside([lat, lon], paddings);
  else map.panBy([missing(from.x, to.x, seen, "x"), missing(from.y, to.y, seen, "y")]);
}

/**
 * How far a stretch must move along an axis to lie within bounds it is no longer than.
 * @param {number} from @param {number} to @param {L.Bounds} within @param {"x" | "y"} axis
 */
function missing(from, to, within, axis) {
  const { min = L.point(0, 0), max = L.point(0, 0) } = within;
  if (from < min[axis]) return from - min[axis];
  return to > max[axis] ? to - max[axis] : 0;
}
