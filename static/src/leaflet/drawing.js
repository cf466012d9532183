// Drawing a polygon or a circle on the map, with a mouse, a finger or the keyboard.

import L from "leaflet";
import { crossesItself, MOST_POINTS, RADII_M, tidy } from "../zone.js";

/** @import {DrawnShape, Place} from "../types.d.ts" */
/** @typedef {"polygon" | "circle"} Kind */

/**
 * @typedef {object} Draft what is drawn so far
 * @property {Kind} kind
 * @property {number} points
 * @property {number} radius_m
 * @property {boolean} canFinish
 * @property {"crosses" | "full" | null} refused why the last point was not taken
 */

/**
 * @typedef {object} DrawingHandlers
 * @property {(draft: Draft) => void} onChange
 * @property {(shape: DrawnShape) => void} onDone
 */

const FIRST_RADIUS_M = 1000;
/** A click so near to the first point closes the polygon; so near to the last, it is the same one. */
const CLOSE_PX = 14;
const SAME_PX = 5;
const LINE = { pane: "outline", interactive: false, fill: false, smoothFactor: 0 };

export class Drawing {
  /** @param {L.Map} map @param {DrawingHandlers} handlers */
  constructor(map, handlers) {
    this.map = map;
    this.handlers = handlers;
    this.layer = L.layerGroup([], { pane: "outline" }).addTo(map);
    /** @type {Kind | null} */
    this.kind = null;
    /** @type {L.LatLng[]} */
    this.points = [];
    this.radius_m = FIRST_RADIUS_M;
    /** Where the next point would be. @type {L.LatLng | null} */
    this.cursor = null;
    /** @type {Draft["refused"]} */
    this.refused = null;
    map.on("click", (e) => this.clicked(e.latlng));
    map.on("dblclick", () => this.finish());
    map.on("mousemove", (e) => this.follow(e.latlng));
    map.on("move", () => this.byKeyboard() && this.follow(map.getCenter()));
    map.getContainer().addEventListener("keydown", (event) => this.key(event));
  }

  get isActive() {
    return this.kind !== null;
  }

  /** Whether the map itself has the keyboard, and its centre is where points go. */
  byKeyboard() {
    const container = this.map.getContainer();
    return document.activeElement === container && container.matches(":focus-visible");
  }

  /** @param {Kind} kind */
  start(kind) {
    this.stop();
    this.kind = kind;
    this.map.doubleClickZoom.disable();
    this.map.getContainer().classList.add("is-drawing");
    this.change();
  }

  stop() {
    if (this.kind === null) return;
    this.kind = null;
    this.points = [];
    this.radius_m = FIRST_RADIUS_M;
    this.cursor = null;
    this.refused = null;
    this.layer.clearLayers();
    this.map.doubleClickZoom.enable();
    this.map.getContainer().classList.remove("is-drawing");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.isActive || event.target !== this.map.getContainer()) return;
    const undoes = event.key === "Backspace" || event.key === "Delete";
    if (event.key !== "Enter" && !undoes) return;
    // The key that ends a drawing must not open what lies at the centre as well.
    event.preventDefault();
    event.stopImmediatePropagation();
    if (undoes) this.undo();
    else if (event.shiftKey) this.finish();
    else this.clicked(this.map.getCenter());
  }

  /** @param {L.LatLng} at */
  clicked(at) {
    const [first] = this.points;
    if (this.kind === "polygon") {
      if (first && this.points.length > 2 && this.isNear(first, at, CLOSE_PX)) this.finish();
      else this.add(at);
    } else if (this.kind === "circle" && first) {
      this.radius_m = this.map.distance(first, at);
      this.finish();
    } else if (this.kind === "circle") {
      this.points = [at];
      this.change();
    }
  }

  /** @param {L.LatLng} at */
  add(at) {
    const last = this.points.at(-1);
    if (last && this.isNear(last, at, SAME_PX)) return;
    const longer = [...this.points, at];
    this.refused =
      longer.length > MOST_POINTS
        ? "full"
        : crossesItself(places(longer), false)
          ? "crosses"
          : null;
    if (this.refused === null) this.points = longer;
    this.change();
  }

  undo() {
    this.points = this.points.slice(0, -1);
    this.refused = null;
    this.change();
  }

  /** @param {number} radius_m */
  setRadius(radius_m) {
    this.radius_m = Math.min(RADII_M[1], Math.max(RADII_M[0], radius_m));
    this.cursor = null;
    this.change();
  }

  get canFinish() {
    return this.kind === "circle" ? this.points.length === 1 : this.points.length > 2;
  }

  finish() {
    if (!this.canFinish) return;
    if (this.kind === "polygon" && crossesItself(places(this.points), true)) {
      this.refused = "crosses";
      this.change();
      return;
    }
    const [first] = places(this.points);
    if (!first) return;
    /** @type {DrawnShape} */
    const shape =
      this.kind === "circle"
        ? { kind: "circle", lon: first[0], lat: first[1], radius_m: this.radius_m }
        : { kind: "polygon", points: places(this.points) };
    this.stop();
    this.handlers.onDone(tidy(shape));
  }

  /** @param {L.LatLng} at */
  follow(at) {
    if (!this.isActive) return;
    this.cursor = at;
    const [centre] = this.points;
    if (this.kind === "circle" && centre) {
      const radius_m = this.map.distance(centre, at);
      this.radius_m = Math.min(RADII_M[1], Math.max(RADII_M[0], radius_m));
    }
    this.change();
  }

  /** @param {L.LatLng} one @param {L.LatLng} other @param {number} px */
  isNear(one, other, px) {
    const a = this.map.latLngToContainerPoint(one);
    return a.distanceTo(this.map.latLngToContainerPoint(other)) <= px;
  }

  change() {
    this.draw();
    const { kind, points, radius_m, canFinish, refused } = this;
    if (kind) this.handlers.onChange({ kind, points: points.length, radius_m, canFinish, refused });
  }

  draw() {
    this.layer.clearLayers();
    const [first] = this.points;
    if (!first) return;
    for (const part of ["casing", "line"]) {
      const look = { ...LINE, className: `outline-drawn outline-${part}` };
      if (this.kind === "circle") {
        L.circle(first, { ...look, radius: this.radius_m }).addTo(this.layer);
      } else {
        const line = this.cursor ? [...this.points, this.cursor] : this.points;
        L.polyline(line, look).addTo(this.layer);
      }
    }
    for (const [i, point] of this.points.entries()) {
      const className = i === 0 ? "corner corner-first" : "corner";
      const radius = i === 0 ? 6 : 4;
      L.circleMarker(point, { pane: "outline", interactive: false, radius, className }).addTo(
        this.layer,
      );
    }
  }
}

/** @param {L.LatLng[]} points @returns {Place[]} */
function places(points) {
  return points.map(({ lng, lat }) => [lng, lat]);
}

/** The outline of a finished shape. @param {DrawnShape} shape @param {L.LayerGroup} group */
export function outlineShape(shape, group) {
  for (const part of ["casing", "line"]) {
    const look = { ...LINE, className: `outline-selected outline-${part}` };
    if (shape.kind === "circle") {
      L.circle([shape.lat, shape.lon], { ...look, radius: shape.radius_m }).addTo(group);
    } else {
      const corners = shape.points.map(([lon, lat]) => L.latLng(lat, lon));
      L.polygon(corners, look).addTo(group);
    }
  }
}
