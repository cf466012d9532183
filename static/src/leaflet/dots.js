// Photos as dots, on one canvas over the whole view: a dot at a tile's edge is never cut.

import L from "leaflet";
import { isWithin, MISSING, valueAt } from "../measure.js";

/** @import {Bound, Measure, Paint} from "../measure.js" */
/** @import {Points} from "../types.d.ts" */
/** @typedef {{ points: Points, index: number }} Dot */

const PADDING = 0.15;
const REACH_PX = 12;
const TILE_PX = 256;
const OUTLINE = "rgb(12 20 28 / 55%)";

/** Radius that keeps few dots readable and many apart. @param {number} count @param {number} zoom */
function radiusFor(count, zoom) {
  const byZoom = 3 + Math.max(0, zoom - 11) * 0.7;
  const crowd = count > 20_000 ? 0.6 : count > 6_000 ? 0.8 : 1;
  return Math.min(8, byZoom * crowd);
}

export class DotLayer extends L.Layer {
  /** @param {string} pane */
  constructor(pane) {
    super({ pane });
    /** @type {Points[]} */
    this.parts = [];
    /** @type {Paint | null} */
    this.paint = null;
    /** @type {number | null} */
    this.marked = null;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "dots leaflet-zoom-animated";
    this.zoom = 0;
    this.center = L.latLng(0, 0);
  }

  /** @param {L.Map} map @returns {this} */
  onAdd(map) {
    map.getPane(this.options.pane ?? "overlayPane")?.append(this.canvas);
    this.reset();
    return this;
  }

  /** @returns {this} */
  onRemove() {
    this.canvas.remove();
    return this;
  }

  /** @returns {Record<string, (event: any) => void>} */
  getEvents() {
    return {
      moveend: this.reset,
      viewreset: this.reset,
      resize: this.reset,
      zoomanim: ({ center, zoom }) => this.follow(center, zoom),
      zoom: () => this.follow(this._map.getCenter(), this._map.getZoom()),
    };
  }

  /** @param {Points[]} parts */
  setPoints(parts) {
    this.parts = parts;
    if (this._map) this.draw();
  }

  /** @param {Paint} paint */
  show(paint) {
    this.paint = paint;
    if (this._map) this.draw();
  }

  /** Rings one photo, wherever it is drawn. @param {number | null} id */
  mark(id) {
    if (this.marked === id) return;
    this.marked = id;
    if (this._map) this.draw();
  }

  /** While Leaflet animates a zoom the old canvas is moved and scaled along. @param {L.LatLng} center @param {number} zoom */
  follow(center, zoom) {
    const map = this._map;
    const scale = map.getZoomScale(zoom, this.zoom);
    const half = map.getSize().multiplyBy(0.5);
    const pane = L.DomUtil.getPosition(/** @type {HTMLElement} */ (map.getPane("mapPane")));
    const origin = map.project(center, zoom).subtract(half).add(pane).round();
    const offset = half
      .multiplyBy((1 + 2 * PADDING) * -scale)
      .add(map.project(this.center, zoom))
      .subtract(origin);
    L.DomUtil.setTransform(this.canvas, offset, scale);
  }

  reset() {
    const map = this._map;
    this.zoom = map.getZoom();
    this.center = map.getCenter();
    const size = map
      .getSize()
      .multiplyBy(1 + 2 * PADDING)
      .round();
    const density = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = size.x * density;
    this.canvas.height = size.y * density;
    this.canvas.style.width = `${size.x}px`;
    this.canvas.style.height = `${size.y}px`;
    const corner = map.containerPointToLayerPoint(map.getSize().multiplyBy(-PADDING).round());
    L.DomUtil.setTransform(this.canvas, corner, 1);
    this.draw();
  }

  /** Calls back for every dot on the canvas, in its pixels. @param {(x: number, y: number, dot: Dot) => void} visit */
  visit(visit) {
    const scale = TILE_PX * 2 ** this.zoom;
    const half = this._map.getSize().multiplyBy(0.5 + PADDING);
    const origin = this._map.project(this.center, this.zoom).subtract(half);
    const right = half.x * 2;
    const bottom = half.y * 2;
    for (const points of this.parts) {
      for (let index = 0; index < points.length; index += 1) {
        const x = (points.x[index] ?? 0) * scale - origin.x;
        const y = (points.y[index] ?? 0) * scale - origin.y;
        if (x > -10 && y > -10 && x < right + 10 && y < bottom + 10) visit(x, y, { points, index });
      }
    }
  }

  /**
   * Values of the dots inside the map's frame that lie within bounds, in points.
   * @param {Measure} measure @param {Bound[]} bounds
   */
  values(measure, bounds) {
    /** @type {number[]} */
    const values = [];
    if (!this._map) return values;
    const edge = this._map.getSize().multiplyBy(PADDING);
    const size = this._map.getSize();
    this.visit((x, y, { points: { scores, length }, index }) => {
      const value = valueAt(scores, length, index, measure);
      const inside = x >= edge.x && y >= edge.y && x <= edge.x + size.x && y <= edge.y + size.y;
      if (value !== MISSING && inside && isWithin(scores, length, index, bounds))
        values.push(value / 100);
    });
    return values;
  }

  /** The value of a dot that is drawn; MISSING of one that is not. @param {Dot} dot */
  drawn({ points: { scores, length }, index }) {
    if (!this.paint || !isWithin(scores, length, index, this.paint.bounds)) return MISSING;
    return valueAt(scores, length, index, this.paint.measure);
  }

  draw() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const density = this.canvas.width / Math.max(1, Number.parseFloat(this.canvas.style.width));
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.paint) return;
    const { colours, least } = this.paint;
    const count = this.parts.reduce((sum, points) => sum + points.length, 0);
    const radius = radiusFor(count, this.zoom);
    context.strokeStyle = OUTLINE;
    context.lineWidth = 1;
    /** @type {[number, number] | null} */
    let ring = null;
    this.visit((x, y, dot) => {
      const value = this.drawn(dot);
      if (value === MISSING) return;
      if (dot.points.id[dot.index] === this.marked) ring = [x, y];
      context.fillStyle = colours[value - least] ?? "transparent";
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    });
    if (ring) this.drawRing(context, ring, radius + 3);
  }

  /** @param {CanvasRenderingContext2D} context @param {[number, number]} at @param {number} radius */
  drawRing(context, [x, y], radius) {
    for (const [colour, width] of /** @type {[string, number][]} */ ([
      ["#fff", 5],
      ["#0b1622", 2.5],
    ])) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /**
   * The nearest drawn dot within reach of a place on the map's container.
   * @param {L.Point} point @returns {Dot | null}
   */
  nearest(point) {
    const offset = this._map.getSize().multiplyBy(PADDING);
    const at = point.add(offset);
    let best = REACH_PX ** 2;
    /** @type {Dot | null} */
    let found = null;
    this.visit((x, y, dot) => {
      const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
      if (distance <= best && this.drawn(dot) !== MISSING) {
        best = distance;
        found = dot;
      }
    });
    return found;
  }
}
