// What all parts of the map page work from: its data, language, release and state.

import * as api from "../api.js";
import { FigureBook } from "../figures.js";
import { readPageData } from "../page.js";
import { format, parse } from "../state.js";
import { Store } from "../store.js";
import { TileSource } from "../tiles.js";
import { Words } from "../words.js";

/** @import {AreaList, Attribute, Language, MapState, Release} from "../types.d.ts" */

export class Desk {
  constructor() {
    this.page = readPageData();
    this.keys = this.page.attributes.map((a) => a.key);
    /** Area layers, the built-in city left out. */
    this.layers = this.page.layers.filter((l) => !l.city);
    this.words = new Words(this.page.lang, this.page.city_name);
    /** @type {Release | null} */
    this.release = this.page.release;
    this.figures = new FigureBook(this.release);
    /** Figures that have arrived, by layer. @type {Map<string, AreaList>} */
    this.lists = new Map();
    this.store = new Store(this.read(this.page.lang), (state) => this.address(state));
    api.readFrom(this.store.state.release);
    this.source = this.makeSource();
  }

  /** The state that the address names. @param {Language} lang @returns {MapState} */
  read(lang) {
    const modes = [...this.layers.map((l) => l.key), "cells", "photos"];
    return parse(location.search, { lang, attributes: this.keys, modes });
  }

  /** @param {MapState} state */
  address(state) {
    return location.pathname + format(state, this.keys[0] ?? "");
  }

  get state() {
    return this.store.state;
  }

  /** @returns {Attribute} */
  get attribute() {
    const { attribute } = this.state;
    return /** @type {Attribute} */ (this.page.attributes.find((a) => a.key === attribute));
  }

  /** Where the attribute stands in all arrays of scores. */
  get attributeIndex() {
    return this.keys.indexOf(this.state.attribute);
  }

  /** @param {Language} lang */
  speak(lang) {
    this.words = new Words(lang, this.page.city_name);
  }

  /** Newer data: what came from the server is asked for again. @param {Release | null} release */
  turnTo(release) {
    this.release = release;
    this.figures.turnTo(release);
    this.source = this.makeSource();
  }

  /** Tiles are asked for where the page came from, whatever name the server goes by. */
  makeSource() {
    const template = this.release?.tiles[0];
    if (!template) return null;
    const path = decodeURI(new URL(template, location.href).pathname);
    return new TileSource(path, this.keys, api.tile);
  }

  /** @param {string | null} layer @param {string} code */
  areaOf(layer, code) {
    return this.lists.get(layer ?? "")?.areas.find((a) => a.code === code);
  }

  /** Words for people about something that went wrong. @param {Error} error */
  messageOf(error) {
    if (!(error instanceof api.RequestFailed)) return error.message;
    if (error.detail) return error.detail;
    const { status } = error;
    return status === 0 ? this.words.t("error.network") : this.words.t("error.server", { status });
  }
}
