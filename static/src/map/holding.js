// What the server holds of one release, as far as a map needs it.

import * as api from "../api.js";
import { FigureBook } from "../figures.js";
import { TileSource } from "../tiles.js";

/** @import {Area, AreaList, Release} from "../types.d.ts" */

/** Areas by code, of each list that was looked into. @type {WeakMap<AreaList, Map<string, Area>>} */
const indexes = new WeakMap();

/** @param {AreaList} list */
function indexOf(list) {
  const known = indexes.get(list) ?? new Map(list.areas.map((area) => [area.code, area]));
  indexes.set(list, known);
  return known;
}

/** Tiles are asked for where the page came from, whatever name the server goes by. @param {Release | null} release @param {string[]} keys */
function sourceOf(release, keys) {
  const template = release?.tiles[0];
  if (!template) return null;
  const path = decodeURI(new URL(template, location.href).pathname);
  return new TileSource(path, keys, api.tile);
}

export class Holding {
  /** @param {Release | null} release @param {string[]} keys @param {string | null} [named] its name, if it is not the one that the page reads from */
  constructor(release, keys, named = null) {
    this.keys = keys;
    this.named = named;
    this.release = release;
    this.figures = new FigureBook(release, named);
    /** Figures that have arrived, by layer. @type {Map<string, AreaList>} */
    this.lists = new Map();
    this.source = sourceOf(release, keys);
  }

  /** Newer data: what came from the server is asked for again. @param {Release | null} release */
  turnTo(release) {
    this.release = release;
    this.figures.turnTo(release);
    this.source = sourceOf(release, this.keys);
  }

  /** Waits for the figures of a layer, and keeps them. @param {string} layer */
  async arrive(layer) {
    const list = await this.figures.list(layer);
    if (list) this.lists.set(layer, list);
  }

  /** @param {string | null} layer @param {string} code */
  areaOf(layer, code) {
    const list = this.lists.get(layer ?? "");
    return list && indexOf(list).get(code);
  }
}

/** Another release than the page's. @param {string} name @param {string[]} keys */
export async function holdingOf(name, keys) {
  return new Holding(await api.currentRelease(name), keys, name);
}
