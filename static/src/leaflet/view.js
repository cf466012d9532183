// The map of the page: what the rest of the code may ask of Leaflet.

import L from "leaflet";
import { AreaLayer } from "./areas.js";
import { addBasemap } from "./basemap.js";
import { CellLayer } from "./cells.js";
import { DotLayer } from "./dots.js";
import { Drawing, outlineShape } from "./drawing.js";

/** @import {Bbox, DrawnShape, Hit, Points, View} from "../types.d.ts" */
/** @import {AreaLook} from "./areas.js" */
/** @import {DrawingHandlers, Kind} from "./drawing.js" */
/** @import {TileSource} from "../tiles.js" */
/** @typedef {{ x: number, y: number }} ScreenPoint */
/** @typedef {{ left: number, top: number, right: number, bottom: number }} Padding */

/**
 * @typedef {object} Handlers
 * @property {(hit: Hit | null, at: ScreenPoint | null, how: "pointer" | "focus" | "centre") => void} onHover
 * @property {(hit: Hit | null) => void} onPick
 * @property {(view: View) => void} onMove
 * @property {() => void} onTiles
 * @property {DrawingHandlers} drawing
 * @property {(error: Error) => void} onError
 */

/** Drawn from the bottom up. */
const PANES = [
  ["ground", 200],
  ["cells", 300],
  ["areas", 400],
  ["dots", 450],
  ["outline", 460],
  ["labels", 470],
  ["place", 480],
];

export class MapView {
  /** @param {HTMLElement} container @param {Handlers} handlers */
  constructor(container, handlers) {
    this.handlers = handlers;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(container, {
      zoomControl: false,
      attributionControl: false,
      minZoom: 3,
      maxZoom: 20,
      zoomAnimation: !still,
      fadeAnimation: !still,
      markerZoomAnimation: !still,
      inertia: !still,
      zoomSnap: 0.5,
      keyboardPanDelta: 120,
      worldCopyJump: false,
      renderer: L.svg({ padding: 0.3 }),
    });
    for (const [name, zIndex] of PANES) {
      const pane = this.map.createPane(String(name));
      pane.style.zIndex = String(zIndex);
    }
    this.attribution = L.control
      .attribution({ prefix: false, position: "bottomright" })
      .addTo(this.map);
    this.zoom = L.control.zoom({ position: "topright" }).addTo(this.map);
    this.map.setView([0, 0], 3);
    this.areas = new AreaLayer(this.map, {
      onHover: (code, event) => this.hoverArea(code, event),
      onPick: (code) => handlers.onPick({ kind: "area", code }),
    });
    this.dots = new DotLayer("dots");
    /** @type {CellLayer | null} */
    this.cells = null;
    /** @type {"areas" | "cells" | "photos"} */
    this.kind = "areas";
    this.marker = L.layerGroup([], { pane: "place" }).addTo(this.map);
    this.square = L.layerGroup([], { pane: "outline" }).addTo(this.map);
    this.isDrawingClick = false;
    this.drawing = new Drawing(this.map, {
      onChange: (draft) => handlers.drawing.onChange(draft),
      onDone: (shape) => {
        this.stopDrawing();
        handlers.drawing.onDone(shape);
      },
    });
    this.listen(container);
  }

  /** @param {HTMLElement} container */
  listen(container) {
    this.map.on("moveend", () => this.handlers.onMove(this.view()));
    // A finishing click ends the drawing before this listens, but is no choice of what lies below.
    this.map.on("preclick", () => {
      this.isDrawingClick = this.drawing.isActive;
    });
    this.map.on("click", (e) => {
      if (this.isDrawingClick) return;
      this.handlers.onPick(this.kind === "areas" ? null : this.hitAt(e.latlng));
    });
    this.map.on("mousemove", (e) => {
      if (this.kind === "areas" || this.drawing.isActive) return;
      this.hover(this.hitAt(e.latlng), e.containerPoint, "pointer");
    });
    this.map.on("mouseout", () => this.hover(null, null, "pointer"));
    container.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== container || this.drawing.isActive) return;
      // Else the same key press would go on to the button that opens with the focus on it.
      event.preventDefault();
      this.pickCentre();
    });
    this.map.on("moveend", () => {
      if (this.drawing.isActive) return;
      if (document.activeElement !== container || !container.matches(":focus-visible")) return;
      this.hover(this.centreHit(), this.map.getSize().divideBy(2), "centre");
    });
  }

  /** Until the shape is done or given up, nothing on the map can be chosen. @param {Kind} kind */
  startDrawing(kind) {
    this.areas.setInteractive(false);
    this.drawing.start(kind);
  }

  stopDrawing() {
    this.drawing.stop();
    this.areas.setInteractive(this.kind === "areas");
  }

  /** @param {string | null} code @param {{ latlng: L.LatLng, focus: boolean } | null} event */
  hoverArea(code, event) {
    if (this.kind !== "areas") return;
    this.areas.highlight(code);
    const at = event ? this.map.latLngToContainerPoint(event.latlng) : null;
    this.handlers.onHover(
      code ? { kind: "area", code } : null,
      at,
      event?.focus ? "focus" : "pointer",
    );
  }

  /** @param {Hit | null} hit @param {ScreenPoint | null} at @param {"pointer" | "centre"} how */
  hover(hit, at, how) {
    this.map.getContainer().classList.toggle("over-hit", hit !== null);
    this.handlers.onHover(hit, at, how);
  }

  /** @param {L.LatLng} latlng @returns {Hit | null} */
  hitAt(latlng) {
    if (this.kind === "photos") {
      const dot = this.dots.nearest(this.map.latLngToContainerPoint(latlng));
      if (!dot) return null;
      const { points, index } = dot;
      const scores = [];
      for (let a = 0; a * points.length < points.scores.length; a += 1) {
        const score = points.scores[a * points.length + index] ?? -1;
        scores.push(score < 0 ? null : score / 100);
      }
      return { kind: "photo", id: points.id[index] ?? 0, scores };
    }
    const cell = this.cells?.at(latlng.lat, latlng.lng);
    return cell ? { kind: "cell", ...cell } : null;
  }

  centreHit() {
    return this.kind === "areas" ? null : this.hitAt(this.map.getCenter());
  }

  pickCentre() {
    const hit = this.centreHit();
    if (hit) this.handlers.onPick(hit);
  }

  /** @returns {View} */
  view() {
    const { lat, lng } = this.map.getCenter();
    return { lat, lon: lng, zoom: this.map.getZoom() };
  }

  /** @returns {Bbox} */
  bbox() {
    const bounds = this.map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  /** @param {View} view */
  go({ lat, lon, zoom }) {
    this.map.setView([lat, lon], zoom);
  }

  /** Shows the whole box in the part of the map that nothing covers. @param {Bbox} box @param {Padding} padding @param {number} [maxZoom] */
  fit([west, south, east, north], { left, top, right, bottom }, maxZoom = 16) {
    this.map.fitBounds(
      [
        [south, west],
        [north, east],
      ],
      { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom], maxZoom },
    );
  }

  /**
   * Moves as little as needed for an area to be seen whole, or its middle where it is too large.
   * @param {Bbox} box @param {{ lat: number, lon: number }} middle @param {Padding} padding
   */
  reveal([west, south, east, north], { lat, lon }, { left, top, right, bottom }) {
    const size = this.map.getSize();
    const seen = L.bounds([left, top], [size.x - right, size.y - bottom]);
    const from = this.map.latLngToContainerPoint([north, west]);
    const to = this.map.latLngToContainerPoint([south, east]);
    const fits = L.bounds(from, to).getSize();
    const isSmall = fits.x <= seen.getSize().x && fits.y <= seen.getSize().y;
    const paddings = {
      paddingTopLeft: L.point(left + 24, top + 24),
      paddingBottomRight: L.point(right + 24, bottom + 24),
    };
    if (!isSmall) this.map.panInside([lat, lon], paddings);
    else this.map.panBy([missing(from.x, to.x, seen, "x"), missing(from.y, to.y, seen, "y")]);
  }

  /** Where an area's name stands. @param {string} code */
  placeOf(code) {
    const place = this.areas.placeOf(code);
    return place ? { lat: place.lat, lon: place.lng } : null;
  }

  /** @param {{ url: string, attribution: string }} basemap */
  setBasemap(basemap) {
    return addBasemap(this.map, basemap, (shown) => {
      this.map.getContainer().classList.toggle("has-ground", shown);
    });
  }

  /** @param {{ zoomIn: string, zoomOut: string }} texts */
  setTexts({ zoomIn, zoomOut }) {
    const [plus, minus] = this.zoom.getContainer()?.querySelectorAll("a") ?? [];
    for (const [button, text] of /** @type {[HTMLElement | undefined, string][]} */ ([
      [plus, zoomIn],
      [minus, zoomOut],
    ])) {
      button?.setAttribute("title", text);
      button?.setAttribute("aria-label", text);
    }
  }

  /** What is coloured now. @param {"areas" | "cells" | "photos"} kind @param {TileSource | null} source @param {number} coarseness */
  show(kind, source, coarseness) {
    const wanted = kind === "areas" ? null : source;
    const current = this.cells && { source: this.source, kind: this.kind };
    if (!wanted || current?.source !== source || current.kind !== kind) {
      this.cells?.remove();
      this.cells = null;
      this.source = source;
    }
    this.kind = kind;
    this.map.getContainer().dataset.kind = kind;
    this.areas.setInteractive(kind === "areas" && !this.drawing.isActive);
    if (wanted && !this.cells) {
      this.cells = new CellLayer({
        load: (at, signal) => wanted.load(at, signal),
        onLoad: this.handlers.onTiles,
        onError: this.handlers.onError,
        coarseness,
        deep: kind === "photos",
        pane: "cells",
      });
      this.cells.addTo(this.map);
    }
    if (kind === "photos") this.dots.addTo(this.map);
    else this.dots.remove();
  }

  /** @param {(code: string) => AreaLook} lookOf */
  paintAreas(lookOf) {
    this.areas.paint(lookOf);
  }

  /** @param {string[]} colours of the scores 0 to 1000 @param {number} attribute */
  paintScores(colours, attribute) {
    this.cells?.show(this.kind === "cells" ? colours : [], attribute);
    this.dots.show(colours, attribute);
  }

  /** @param {Points[]} parts */
  setPoints(parts) {
    this.dots.setPoints(parts);
  }

  /** @param {{ area: string | null, cell: Bbox | null, zone: DrawnShape | null, photo: number | null }} selection */
  select({ area, cell, zone, photo }) {
    this.areas.select(area);
    this.dots.mark(photo);
    this.square.clearLayers();
    if (zone) outlineShape(zone, this.square);
    if (!cell) return;
    const [west, south, east, north] = cell;
    for (const part of ["casing", "line"]) {
      L.rectangle(
        [
          [south, west],
          [north, east],
        ],
        {
          pane: "outline",
          interactive: false,
          fill: false,
          className: `outline-selected outline-${part}`,
        },
      ).addTo(this.square);
    }
  }

  /** Marks where the user is. @param {number} lat @param {number} lon */
  markPlace(lat, lon) {
    this.marker.clearLayers();
    L.marker([lat, lon], {
      pane: "place",
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: "here", iconSize: [18, 18] }),
    }).addTo(this.marker);
  }

  /** Opens an area's tip as if the pointer were on it. @param {string | null} code */
  highlightArea(code) {
    this.areas.highlight(code);
  }

  resize() {
    this.map.invalidateSize({ animate: false });
  }
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
