// Areas of a large layer, painted on canvas tiles as the squares are.

import L from "leaflet";
import { mercatorX, mercatorY } from "../geometry.js";
import { outlineAt } from "../outlines.js";
import { canvasOf, hatchOf, pathOf } from "./pens.js";

/** @import {Area} from "../types.d.ts" */
/** @import {Outlines, OutlineSource} from "../outlines.js" */
/** @import {AreaLook} from "./areas.js" */
/** @typedef {{ z: number, x: number, y: number }} TileKey */
/** @typedef {{ canvas: HTMLCanvasElement, at: TileKey, outlines: Outlines | null, paths: Path2D[], stop: AbortController }} Painted */
/** @typedef {{ colour: string, width: number }} Line */

const SIDE_PX = 256;
const LAST_ZOOM = 20;
/** Areas that are smaller than this on average would be all border. */
const BORDERS_FROM_PX = 12;
/** The middle of the scale. Where areas are too small for borders it is under their edges, through
 * which the ground would show. */
const UNDER = "#7c7b78";
/** Of fills, so that the ground is seen through them. */
const ALPHA = 0.88;
/** Lines as in layers.css. */
const EMPTY = "rgb(140 151 158 / 70%)";
const PASSIVE = "rgb(118 130 139 / 50%)";
/** @type {Record<"selected" | "hovered", Line[]>} */
const MARKS = {
  selected: [
    { colour: "rgb(255 255 255 / 95%)", width: 5 },
    { colour: "#0b1622", width: 2.5 },
  ],
  hovered: [
    { colour: "rgb(255 255 255 / 95%)", width: 4 },
    { colour: "#0b1622", width: 2 },
  ],
};

/** @param {CanvasRenderingContext2D} pen @param {Path2D} path @param {string} colour */
function strokeIn(pen, path, colour) {
  pen.strokeStyle = colour;
  pen.stroke(path);
}

/** Between filled areas, in the page's own theme. */
function outlineColour() {
  return getComputedStyle(document.documentElement).getPropertyValue("--outline");
}

class OutlineGrid extends L.GridLayer {
  /** @param {OutlineLayer} owner */
  constructor(owner) {
    super({
      pane: "areas",
      tileSize: SIDE_PX,
      maxNativeZoom: LAST_ZOOM,
      updateWhenIdle: false,
      updateWhenZooming: false,
      keepBuffer: 1,
      className: "outlines",
    });
    this.owner = owner;
    this.on("tileunload", (event) => owner.drop(event.tile));
  }

  /** @param {L.Coords} coords @param {L.DoneCallback} done */
  createTile(coords, done) {
    return this.owner.begin(coords, done);
  }
}

export class OutlineLayer {
  /** @param {L.Map} map */
  constructor(map) {
    this.map = map;
    /** @type {OutlineGrid | null} */
    this.grid = null;
    /** @type {OutlineSource | null} */
    this.source = null;
    this.onError = (/** @type {Error} */ _) => {};
    /** @type {Map<HTMLElement, Painted>} */
    this.painted = new Map();
    /** By id. @type {Map<number, Area>} */
    this.areas = new Map();
    /** @type {Map<string, Area>} */
    this.byCode = new Map();
    /** Of the areas' boxes, as a part of the world's width. */
    this.meanWidth = 0;
    /** By id; null: an outline alone. @type {Map<number, string | null>} */
    this.fills = new Map();
    /** Ids. @type {Record<"selected" | "hovered", number | null>} */
    this.marked = { selected: null, hovered: null };
    this.interactive = true;
  }

  /** @param {OutlineSource} source @param {(error: Error) => void} onError */
  setSource(source, onError) {
    this.clear();
    this.source = source;
    this.onError = onError;
    this.grid = new OutlineGrid(this);
    this.grid.addTo(this.map);
  }

  clear() {
    this.grid?.remove();
    this.grid = null;
    this.source = null;
    this.setAreas([]);
    this.fills.clear();
    this.marked = { selected: null, hovered: null };
  }

  /** @param {Area[]} areas */
  setAreas(areas) {
    this.areas = new Map(areas.map((area) => [area.id, area]));
    this.byCode = new Map(areas.map((area) => [area.code, area]));
    const widths = areas.map(({ bbox: [west, , east] }) => mercatorX(east) - mercatorX(west));
    this.meanWidth = widths.reduce((sum, width) => sum + width, 0) / Math.max(1, widths.length);
  }

  /** @param {L.Coords} coords @param {L.DoneCallback} done */
  begin({ x, y, z }, done) {
    const stop = new AbortController();
    const canvas = canvasOf(SIDE_PX);
    /** @type {Painted} */
    const painted = { canvas, at: { x, y, z }, outlines: null, paths: [], stop };
    this.painted.set(canvas, painted);
    this.source?.load(painted.at, stop.signal).then(
      (outlines) => {
        painted.outlines = outlines;
        painted.paths = Array.from(outlines.id, (_, i) => pathOf(outlines, i));
        this.paintTile(painted);
        done(undefined, canvas);
      },
      (error) => {
        if (stop.signal.aborted) return;
        done(error, canvas);
        this.onError(error);
      },
    );
    return canvas;
  }

  /** @param {HTMLElement} canvas */
  drop(canvas) {
    this.painted.get(canvas)?.stop.abort();
    this.painted.delete(canvas);
  }

  /** @param {(code: string) => AreaLook} lookOf */
  paint(lookOf) {
    this.fills.clear();
    for (const { id, code } of this.areas.values()) this.fills.set(id, lookOf(code).fill);
    this.paintAll();
  }

  paintAll() {
    for (const painted of this.painted.values()) this.paintTile(painted);
  }

  /** @param {Painted} painted */
  paintTile({ canvas, at, outlines, paths }) {
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!outlines || outlines.length === 0) return;
    const scale = canvas.width / outlines.extent;
    /** A pixel of the page in units of the tile. */
    const pixel = outlines.extent / SIDE_PX;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.lineJoin = "round";
    const areFine = this.meanWidth * SIDE_PX * 2 ** at.z < BORDERS_FROM_PX;
    const filled = new Path2D();
    const empty = new Path2D();
    for (const [i, path] of paths.entries())
      (this.fillOf(outlines, i) === null ? empty : filled).addPath(path);
    pen.lineWidth = areFine ? pixel / 2 : pixel;
    if (areFine) strokeIn(pen, filled, UNDER);
    strokeIn(pen, empty, this.interactive ? EMPTY : PASSIVE);
    this.fillTile(pen, outlines, paths, areFine ? 1 : ALPHA, hatchOf(pen, pixel));
    if (!areFine) strokeIn(pen, filled, outlineColour());
    this.markTile(pen, outlines, paths, pixel);
  }

  /** @param {Outlines} outlines @param {number} i */
  fillOf({ id }, i) {
    return this.fills.get(id[i] ?? 0) ?? null;
  }

  /** @param {CanvasRenderingContext2D} pen @param {Outlines} outlines @param {Path2D[]} paths @param {number} alpha @param {CanvasPattern} hatch */
  fillTile(pen, outlines, paths, alpha, hatch) {
    pen.globalAlpha = alpha;
    for (const [i, path] of paths.entries()) {
      const fill = this.fillOf(outlines, i);
      if (fill === null) continue;
      pen.fillStyle = fill === "hatch" ? hatch : fill;
      pen.fill(path, "evenodd");
    }
    pen.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} pen @param {Outlines} outlines @param {Path2D[]} paths @param {number} pixel */
  markTile(pen, { id }, paths, pixel) {
    for (const how of /** @type {const} */ (["selected", "hovered"])) {
      const marked = this.marked[how];
      const i = marked === null ? -1 : id.indexOf(marked);
      const path = paths[i];
      if (!path) continue;
      for (const { colour, width } of MARKS[how]) {
        pen.lineWidth = width * pixel;
        strokeIn(pen, path, colour);
      }
    }
  }

  /** @param {boolean} interactive */
  setInteractive(interactive) {
    if (this.interactive === interactive) return;
    this.interactive = interactive;
    if (!interactive) this.marked.hovered = null;
    this.paintAll();
  }

  /** The middle of its box. @param {string} code */
  placeOf(code) {
    const box = this.byCode.get(code)?.bbox;
    return box ? L.latLng((box[1] + box[3]) / 2, (box[0] + box[2]) / 2) : null;
  }

  /** Code of the area at a place. @param {L.LatLng} latlng */
  at({ lat, lng }) {
    const z = Math.min(LAST_ZOOM, Math.round(this.map.getZoom()));
    const x = mercatorX(lng) * 2 ** z;
    const y = mercatorY(lat) * 2 ** z;
    for (const { at, outlines } of this.painted.values()) {
      if (!outlines || at.z !== z || at.x !== Math.floor(x) || at.y !== Math.floor(y)) continue;
      const id = outlineAt(outlines, (x - at.x) * outlines.extent, (y - at.y) * outlines.extent);
      return this.areas.get(id ?? -1)?.code ?? null;
    }
    return null;
  }

  /** @param {string | null} code */
  select(code) {
    this.mark("selected", code);
  }

  /** @param {string | null} code */
  highlight(code) {
    this.mark("hovered", code);
  }

  /** Paints anew the tiles alone that hold what is marked or was. @param {"selected" | "hovered"} how @param {string | null} code */
  mark(how, code) {
    const before = this.marked[how];
    const now = code === null ? null : (this.byCode.get(code)?.id ?? null);
    if (before === now) return;
    this.marked[how] = now;
    for (const painted of this.painted.values()) {
      const holds = painted.outlines?.id.some((id) => id === before || id === now);
      if (holds) this.paintTile(painted);
    }
  }

  /** @param {string} _ code */
  focus(_) {
    this.map.getContainer().focus({ preventScroll: true });
  }
}
