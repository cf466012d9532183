// The map of the page: what the rest of the code may ask of Leaflet.

import L from "leaflet";
import { AreaLayer } from "./areas.js";
import { addBasemap } from "./basemap.js";
import { CellLayer } from "./cells.js";
import { DotLayer } from "./dots.js";
import { Drawing, outlineShape } from "./drawing.js";
import { bboxOf, fit, moveAtOnce, reveal, viewOf } from "./framing.js";
import { Pointing } from "./pointing.js";

/** @import {Bbox, DrawnShape, Hit, Points, View} from "../types.d.ts" */
/** @import {AreaLook} from "./areas.js" */
/** @import {DrawingHandlers, Kind} from "./drawing.js" */
/** @import {Padding} from "./framing.js" */
/** @import {ScreenPoint} from "./pointing.js" */
/** @import {Paint} from "../measure.js" */
/** @import {PairedSource} from "../paired.js" */
/** @import {TileSource} from "../tiles.js" */

/**
 * @typedef {object} Handlers
 * @property {(hit: Hit | null, at: ScreenPoint | null, how: "pointer" | "focus" | "centre") => void} onHover
 * @property {(hit: Hit | null) => void} onPick
 * @property {(view: View) => void} [onMoving]
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
  /** @param {HTMLElement} container @param {Handlers} handlers @param {{ isPlain?: boolean }} [options] isPlain: without controls, beside a map that has them */
  constructor(container, handlers, { isPlain = false } = {}) {
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
    if (still) moveAtOnce(this.map);
    for (const [name, zIndex] of PANES) {
      const pane = this.map.createPane(String(name));
      pane.style.zIndex = String(zIndex);
    }
    this.attribution = L.control.attribution({ prefix: false, position: "bottomright" });
    this.zoom = L.control.zoom({ position: "topright" });
    if (!isPlain) this.map.addControl(this.attribution).addControl(this.zoom);
    this.map.setView([0, 0], 3);
    this.areas = new AreaLayer(this.map, {
      onHover: (code, event) => this.pointing.hoverArea(code, event),
      onPick: (code) => handlers.onPick({ kind: "area", code }),
    });
    this.dots = new DotLayer("dots");
    /** @type {CellLayer | null} */
    this.cells = null;
    /** @type {"areas" | "cells" | "photos"} */
    this.kind = "areas";
    this.marker = L.layerGroup([], { pane: "place" }).addTo(this.map);
    this.square = L.layerGroup([], { pane: "outline" }).addTo(this.map);
    this.drawing = new Drawing(this.map, {
      onChange: (draft) => handlers.drawing.onChange(draft),
      onDone: (shape) => {
        this.stopDrawing();
        handlers.drawing.onDone(shape);
      },
    });
    // A reset leaves the outlines between pixels, and so blurred; a move by nothing sets them right.
    this.map.on("viewreset", () => setTimeout(() => this.map.panBy([0, 0])));
    new ResizeObserver(() => this.resize()).observe(container);
    this.map.on("move", () => handlers.onMoving?.(this.view()));
    this.map.on("moveend", () => handlers.onMove(this.view()));
    this.pointing = new Pointing(this, container);
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

  /** @returns {View} */
  view() {
    return viewOf(this.map);
  }

  /** @returns {Bbox} */
  bbox() {
    return bboxOf(this.map);
  }

  /** @param {View} view */
  go({ lat, lon, zoom }) {
    this.map.setView([lat, lon], zoom);
  }

  /** At once, so that two maps move as one. @param {View} view */
  follow({ lat, lon, zoom }) {
    const now = this.view();
    if (now.lat === lat && now.lon === lon && now.zoom === zoom) return;
    this.map.setView([lat, lon], zoom, { animate: false });
  }

  /** As `fit` of framing. @param {Bbox} box @param {Padding} padding @param {number} [maxZoom] */
  fit(box, padding, maxZoom = 16) {
    fit(this.map, box, padding, maxZoom);
  }

  /** As `reveal` of framing. @param {Bbox} box @param {{ lat: number, lon: number }} middle @param {Padding} padding */
  reveal(box, middle, padding) {
    reveal(this.map, box, middle, padding);
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

  /** What is coloured now. @param {"areas" | "cells" | "photos"} kind @param {TileSource | PairedSource | null} source @param {number} coarseness */
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

  /** @param {Paint} paint */
  paintScores(paint) {
    this.cells?.show(this.kind === "cells" ? paint : null);
    this.dots.show(paint);
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

  resize() {
    this.map.invalidateSize({ animate: false });
  }
}
