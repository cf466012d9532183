// The score layer: vector tiles kept as numbers, painted as squares on canvas tiles.

import L from "leaflet";
import { CELL_LEVELS, CELLS_PER_SIDE, cellAt, contains, latitude, longitude } from "../geometry.js";
import { isWithin, MISSING, valueAt } from "../measure.js";

/** @import {Bound, Measure, Paint} from "../measure.js" */
/** @import {Bbox, Points, Tile} from "../types.d.ts" */
/** @typedef {{ z: number, x: number, y: number }} TileKey */
/** @typedef {{ canvas: HTMLCanvasElement, at: TileKey, tile: Tile | null, stop: AbortController }} Painted */

/** Below this many photos a square is drawn at half its side. */
const FEW_PHOTOS = 5;
/** The last zoom whose tiles hold cells; deeper ones hold photos only. */
const LAST_CELL_TILE = 17;
const LAST_TILE = 20;
const BORDER = "rgb(16 26 36 / 30%)";
/** Squares under this size get a gap instead of a border. */
const BORDER_FROM_PX = 12;

export class CellLayer extends L.GridLayer {
  /**
   * @param {{
   *   load: (at: TileKey, signal: AbortSignal) => Promise<Tile>,
   *   onLoad: () => void,
   *   onError: (error: Error) => void,
   *   coarseness: number,
   *   deep: boolean,
   *   pane: string,
   * }} settings coarseness: how often the side of 8 px is doubled; deep: photo tiles beyond the cells' zooms
   */
  constructor({ load, onLoad, onError, coarseness, deep, pane }) {
    super({
      pane,
      tileSize: 256 * 2 ** coarseness,
      minNativeZoom: coarseness,
      maxNativeZoom: (deep ? LAST_TILE : LAST_CELL_TILE) + coarseness,
      updateWhenIdle: false,
      updateWhenZooming: false,
      keepBuffer: 1,
      className: "cells",
    });
    this.load = load;
    this.onLoad = onLoad;
    this.onError = onError;
    this.step = coarseness;
    this.deepest = (deep ? LAST_TILE : LAST_CELL_TILE) + coarseness;
    /** @type {Map<HTMLElement, Painted>} */
    this.painted = new Map();
    /** @type {Paint | null} */
    this.paintedWith = null;
    this.on("tileunload", (event) => {
      this.painted.get(event.tile)?.stop.abort();
      this.painted.delete(event.tile);
    });
  }

  /** @param {L.Coords} coords @param {L.DoneCallback} done */
  createTile(coords, done) {
    const canvas = document.createElement("canvas");
    const side = this.getTileSize().x;
    const density = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = Math.round(side * density);
    canvas.height = canvas.width;
    const at = { z: coords.z - this.step, x: coords.x, y: coords.y };
    const stop = new AbortController();
    /** @type {Painted} */
    const painted = { canvas, at, tile: null, stop };
    this.painted.set(canvas, painted);
    this.load(at, stop.signal).then(
      (tile) => {
        painted.tile = tile;
        this.paint(painted);
        done(undefined, canvas);
        this.onLoad();
      },
      (error) => {
        if (stop.signal.aborted) return;
        done(error, canvas);
        this.onError(error);
      },
    );
    return canvas;
  }

  /** Paints what is in memory anew; null: no squares. @param {Paint | null} paint */
  show(paint) {
    this.paintedWith = paint;
    for (const painted of this.painted.values()) this.paint(painted);
  }

  /** @param {Painted} painted */
  paint({ canvas, tile }) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.clearRect(0, 0, canvas.width, canvas.height);
    const cells = tile?.cells;
    if (!cells || !this.paintedWith) return;
    const { colours, measure, least, bounds } = this.paintedWith;
    const unit = canvas.width / CELLS_PER_SIDE;
    const bordered = unit >= BORDER_FROM_PX;
    context.strokeStyle = BORDER;
    context.lineWidth = 1;
    for (let i = 0; i < cells.length; i += 1) {
      const value = valueAt(cells.scores, cells.length, i, measure);
      if (value === MISSING || !isWithin(cells.scores, cells.length, i, bounds)) continue;
      const few = (cells.n[i] ?? 0) < FEW_PHOTOS;
      const side = few ? unit / 2 : unit;
      const inset = (unit - side) / 2;
      const left = Math.round((cells.col[i] ?? 0) * unit + inset);
      const top = Math.round((cells.row[i] ?? 0) * unit + inset);
      const size = Math.max(2, Math.round(side) - 1);
      context.fillStyle = colours[value - least] ?? "transparent";
      context.fillRect(left, top, size, size);
      if (bordered) context.strokeRect(left + 0.5, top + 0.5, size - 1, size - 1);
    }
  }

  /** Tiles at the zoom that is shown, loaded or not. */
  *current() {
    const zoom = this._map ? this.tileZoom() : null;
    for (const painted of this.painted.values()) if (painted.at.z === zoom) yield painted;
  }

  /** Zoom of the tiles that are shown now. */
  tileZoom() {
    return Math.min(this.deepest, Math.round(this._map.getZoom())) - this.step;
  }

  /** Whether every tile in view has arrived. */
  complete() {
    for (const { tile } of this.current()) if (!tile) return false;
    return true;
  }

  /** The photos of the tiles in view; null when some tile is too full to hold its own. @returns {Points[] | null} */
  photos() {
    const parts = [];
    for (const { tile } of this.current()) {
      if (!tile) continue;
      if (!tile.photos) return null;
      if (tile.photos.length > 0) parts.push(tile.photos);
    }
    return parts;
  }

  /**
   * Values of the squares whose centre is in the box and which lie within bounds, in points and in
   * no order.
   * @param {Bbox} box @param {Measure} measure @param {Bound[]} bounds
   */
  values(box, measure, bounds) {
    const values = [];
    for (const { at, tile } of this.current()) {
      const cells = tile?.cells;
      if (!cells) continue;
      const side = 2 ** (at.z + CELL_LEVELS);
      for (let i = 0; i < cells.length; i += 1) {
        const value = valueAt(cells.scores, cells.length, i, measure);
        if (value === MISSING || !isWithin(cells.scores, cells.length, i, bounds)) continue;
        const x = (at.x * CELLS_PER_SIDE + (cells.col[i] ?? 0) + 0.5) / side;
        const y = (at.y * CELLS_PER_SIDE + (cells.row[i] ?? 0) + 0.5) / side;
        if (contains(box, latitude(y), longitude(x))) values.push(value / 100);
      }
    }
    return values;
  }

  /** The square that is drawn at a place, by arithmetic alone. @param {number} lat @param {number} lon */
  at(lat, lon) {
    const cell = cellAt(lat, lon, this.tileZoom() + CELL_LEVELS);
    for (const { at, tile } of this.current()) {
      if (at.x !== cell.x >> CELL_LEVELS || at.y !== cell.y >> CELL_LEVELS) continue;
      const cells = tile?.cells;
      if (!cells) return null;
      const col = cell.x % CELLS_PER_SIDE;
      const row = cell.y % CELLS_PER_SIDE;
      for (let i = 0; i < cells.length; i += 1) {
        if (cells.col[i] !== col || cells.row[i] !== row) continue;
        if (!isWithin(cells.scores, cells.length, i, this.paintedWith?.bounds ?? [])) return null;
        const scores = [];
        for (let a = 0; a * cells.length < cells.scores.length; a += 1) {
          const score = cells.scores[a * cells.length + i] ?? -1;
          scores.push(score < 0 ? null : score / 100);
        }
        return { ...cell, n: cells.n[i] ?? 0, scores };
      }
    }
    return null;
  }
}
