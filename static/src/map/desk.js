// What all parts of the map page work from: its data, language, release and state.

import * as api from "../api.js";
import { readPageData } from "../page.js";
import { PairedSource } from "../paired.js";
import { format, parse } from "../state.js";
import { Store } from "../store.js";
import { Words } from "../words.js";
import { Holding, holdingOf } from "./holding.js";

/** @import {Attribute, Language, MapState, Release} from "../types.d.ts" */

export class Desk {
  constructor() {
    this.page = readPageData();
    this.keys = this.page.attributes.map((a) => a.key);
    /** Area layers, the built-in city left out. */
    this.layers = this.page.layers.filter((l) => !l.city);
    this.words = new Words(this.page.lang, this.page.city_name);
    this.own = new Holding(this.page.release, this.keys);
    /** The release that is subtracted, once it is there. @type {Holding | null} */
    this.other = null;
    /** @type {PairedSource | null} */
    this.paired = null;
    this.store = new Store(this.read(this.page.lang), (state) => this.address(state));
    api.readFrom(this.store.state.release);
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

  get release() {
    return this.own.release;
  }

  get figures() {
    return this.own.figures;
  }

  get lists() {
    return this.own.lists;
  }

  /** Where tiles come from: of two releases where one is subtracted from the other. */
  get source() {
    return this.paired ?? this.own.source;
  }

  /** @returns {Attribute} */
  get attribute() {
    return this.attributeOf(this.state.attribute);
  }

  /** @param {string} key @returns {Attribute} */
  attributeOf(key) {
    return /** @type {Attribute} */ (this.page.attributes.find((a) => a.key === key));
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
    this.own.turnTo(release);
    this.other = null;
    this.paired = null;
  }

  get needsOther() {
    return (this.state.against?.release ?? null) !== (this.other?.named ?? null);
  }

  /** Has the release that is subtracted at hand, or none where none is. */
  async findOther() {
    const name = this.state.against?.release ?? null;
    const found = name === null ? null : await holdingOf(name, this.keys);
    if ((this.state.against?.release ?? null) !== name) return;
    this.other = found;
    const { source } = this.own;
    this.paired =
      source && found?.source ? new PairedSource(source, found.source, this.keys.length) : null;
  }

  /** @param {string | null} layer @param {string} code */
  areaOf(layer, code) {
    return this.own.areaOf(layer, code);
  }
}
