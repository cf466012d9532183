// What of a map is pointed at, by pointer, by finger, or by the crosshair of the keyboard.

/** @import L from "leaflet" */
/** @import {Hit} from "../types.d.ts" */
/** @import {MapView} from "./view.js" */
/** @typedef {{ x: number, y: number }} ScreenPoint */

export class Pointing {
  /** @param {MapView} view @param {HTMLElement} container */
  constructor(view, container) {
    this.view = view;
    this.map = view.map;
    this.container = container;
    this.isDrawingClick = false;
    this.listenToPointer();
    this.listenToKeyboard();
  }

  listenToPointer() {
    const { map, view } = this;
    // A finishing click ends the drawing before this listens, but is no choice of what lies below.
    map.on("preclick", () => {
      this.isDrawingClick = view.drawing.isActive;
    });
    map.on("click", (e) => {
      if (this.isDrawingClick) return;
      view.handlers.onPick(this.hitAt(e.latlng));
    });
    map.on("mousemove", (e) => {
      if (this.isLeftToShapes || view.drawing.isActive) return;
      this.hover(this.hitAt(e.latlng), e.containerPoint, "pointer");
    });
    map.on("mouseout", () => this.hover(null, null, "pointer"));
  }

  /** Areas that are shapes of the page say themselves that they are pointed at. */
  get isLeftToShapes() {
    return this.view.kind === "areas" && !this.view.areas.isTiled;
  }

  listenToKeyboard() {
    const { map, view, container } = this;
    container.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== container || view.drawing.isActive) return;
      // Else the same key press would go on to the button that opens with the focus on it.
      event.preventDefault();
      const hit = this.centreHit();
      if (hit) view.handlers.onPick(hit);
    });
    map.on("moveend", () => {
      if (view.drawing.isActive) return;
      if (document.activeElement !== container || !container.matches(":focus-visible")) return;
      this.hover(this.centreHit(), map.getSize().divideBy(2), "centre");
    });
  }

  /** @param {string | null} code @param {{ latlng: L.LatLng, focus: boolean } | null} event */
  hoverArea(code, event) {
    const { view, map } = this;
    if (view.kind !== "areas") return;
    view.areas.highlight(code);
    const at = event ? map.latLngToContainerPoint(event.latlng) : null;
    const hit = code ? /** @type {const} */ ({ kind: "area", code }) : null;
    view.handlers.onHover(hit, at, event?.focus ? "focus" : "pointer");
  }

  /** @param {Hit | null} hit @param {ScreenPoint | null} at @param {"pointer" | "centre"} how */
  hover(hit, at, how) {
    this.container.classList.toggle("over-hit", hit !== null);
    if (this.view.areas.isTiled) this.view.areas.highlight(hit?.kind === "area" ? hit.code : null);
    this.view.handlers.onHover(hit, at, how);
  }

  /** @param {L.LatLng} latlng @returns {Hit | null} */
  hitAt(latlng) {
    const { view, map } = this;
    if (view.kind === "areas") {
      const code = view.areas.at(latlng);
      return code === null ? null : { kind: "area", code };
    }
    if (view.kind !== "photos") {
      const cell = view.cells?.at(latlng.lat, latlng.lng);
      return cell ? { kind: "cell", ...cell } : null;
    }
    const dot = view.dots.nearest(map.latLngToContainerPoint(latlng));
    if (!dot) return null;
    const { points, index } = dot;
    const scores = [];
    for (let a = 0; a * points.length < points.scores.length; a += 1) {
      const score = points.scores[a * points.length + index] ?? -1;
      scores.push(score < 0 ? null : score / 100);
    }
    return { kind: "photo", id: points.id[index] ?? 0, scores };
  }

  /** @param {ScreenPoint} point @returns {Hit | null} */
  hitAtPoint({ x, y }) {
    return this.hitAt(this.map.containerPointToLatLng([x, y]));
  }

  centreHit() {
    return this.hitAt(this.map.getCenter());
  }
}
