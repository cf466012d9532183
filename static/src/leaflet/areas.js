// The areas of one layer on the map: shapes of the page where they are few, else painted tiles.

import { OutlineLayer } from "./outlines.js";
import { ShapeLayer } from "./shapes.js";

/** @import L from "leaflet" */
/** @import {Area} from "../types.d.ts" */
/** @import {OutlineSource} from "../outlines.js" */

/**
 * @typedef {object} AreaLook
 * @property {string | null} fill a colour, "hatch", or null for an outline alone
 * @property {boolean} dark whether the fill needs light text
 * @property {string} text what a screen reader says
 */

/**
 * @typedef {object} AreaHandlers
 * @property {(code: string | null, event: { latlng: L.LatLng, focus: boolean } | null) => void} onHover
 * @property {(code: string) => void} onPick
 */

export class AreaLayer {
  /** @param {L.Map} map @param {AreaHandlers} handlers called by shapes; tiles are asked what is where */
  constructor(map, handlers) {
    this.map = map;
    this.shapes = new ShapeLayer(map, handlers);
    this.tiles = new OutlineLayer(map);
    /** @type {ShapeLayer | OutlineLayer} */
    this.shown = this.shapes;
    this.interactive = true;
  }

  /** Whether areas are painted, and so take neither pointer nor focus themselves. */
  get isTiled() {
    return this.shown === this.tiles;
  }

  /** @param {GeoJSON.FeatureCollection} collection properties: code and name @param {(a: string, b: string) => number} compare */
  setShapes(collection, compare) {
    this.turnTo(this.shapes);
    this.shapes.setShapes(collection, compare);
  }

  /** @param {OutlineSource} source @param {(error: Error) => void} onError */
  setTiles(source, onError) {
    this.turnTo(this.tiles);
    this.tiles.setSource(source, onError);
  }

  /** What tells the areas of tiles apart. @param {Area[]} areas */
  setAreas(areas) {
    this.tiles.setAreas(areas);
  }

  /** @param {ShapeLayer | OutlineLayer} layer */
  turnTo(layer) {
    if (this.shown !== layer) this.shown.clear();
    this.shown = layer;
    layer.setInteractive(this.interactive);
    this.map.getContainer().dataset.areas = this.isTiled ? "tiles" : "shapes";
  }

  /** @param {(code: string) => AreaLook} lookOf */
  paint(lookOf) {
    this.shown.paint(lookOf);
  }

  /** Outlines alone, without names, pointer or focus, while something else is coloured. @param {boolean} interactive */
  setInteractive(interactive) {
    this.interactive = interactive;
    this.shown.setInteractive(interactive);
  }

  /** Code of the painted area at a place. @param {L.LatLng} latlng */
  at(latlng) {
    return this.isTiled && this.interactive ? this.tiles.at(latlng) : null;
  }

  /** @param {string} code */
  placeOf(code) {
    return this.shown.placeOf(code);
  }

  /** @param {string | null} code */
  select(code) {
    this.shown.select(code);
  }

  /** @param {string | null} code */
  highlight(code) {
    this.shown.highlight(code);
  }

  /** Gives the keyboard back to an area, or to the map where areas have none. @param {string} code */
  focus(code) {
    this.shown.focus(code);
  }
}
