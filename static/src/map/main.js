// The map page: its parts, and what each change of state means for them.

import * as api from "../api.js";
import { colourOf, isDark, lookup } from "../colour.js";
import { byId } from "../dom.js";
import { FigureBook } from "../figures.js";
import { around, cellBbox, cellSideM } from "../geometry.js";
import { MapView } from "../leaflet/view.js";
import {
  listenForLanguage,
  readPageData,
  rememberLanguage,
  sentence,
  translatePage,
} from "../page.js";
import { PhotoDialog } from "../photo/dialog.js";
import { format, parse } from "../state.js";
import { Store } from "../store.js";
import { TileSource } from "../tiles.js";
import { Words } from "../words.js";
import { coarsenessOf, colouringOf, modeOf, scaleFor, spreadOf } from "./colouring.js";
import { pointAt, renderLegend, renderStrip } from "./legend.js";
import { renderModes } from "./modes.js";
import { Panel } from "./panel.js";
import { SampleBook } from "./sample.js";
import { Search } from "./search.js";
import { Sheet } from "./sheet.js";
import { Status } from "./status.js";
import { TableView } from "./table.js";
import { Tip } from "./tip.js";
import { tipOf, tipOfArea } from "./wording.js";

/** @import {Area, AreaList, Attribute, Bbox, Hit, Language, MapState, Release, View} from "../types.d.ts" */
/** @import {Colouring} from "./colouring.js" */
/** @import {LegendModel} from "./legend.js" */

const page = readPageData();
const keys = page.attributes.map((a) => a.key);
const layers = page.layers.filter((l) => !l.city);
const known = { attributes: keys, modes: [...layers.map((l) => l.key), "cells", "photos"] };

class MapPage {
  constructor() {
    this.words = new Words(page.lang, page.city_name);
    /** @type {Release | null} */
    this.release = page.release;
    this.figures = new FigureBook(page.release);
    this.store = new Store(
      parse(location.search, { lang: page.lang, ...known }),
      (/** @type {MapState} */ state) => location.pathname + format(state, keys[0] ?? ""),
    );
    /** The list of the layer that is coloured or that holds the selection. @type {Map<string, AreaList>} */
    this.lists = new Map();
    /** @type {string | null} */
    this.shapesOf = null;
    /** @type {LegendModel | null} */
    this.legend = null;
    /** @type {View | null} */
    this.home = null;
    this.shownAs = "";
    this.sampled = false;
    this.samples = new SampleBook(matchMedia("(max-width: 600px)").matches);
    const words = () => this.words;
    this.heading = sentence(page.attributes, (attribute) => this.store.set({ attribute }));
    this.status = new Status(byId("status"), words);
    this.view = new MapView(byId("map"), {
      onHover: (hit, at, how) => this.hover(hit, at, how),
      onPick: (hit) => this.pick(hit),
      onMove: (view) => this.moved(view),
      onTiles: () => this.tilesArrived(),
      onError: (error) => this.failed(error),
    });
    this.tip = new Tip(byId("map"), byId("live"));
    this.sheet = new Sheet(
      () => ({ open: this.words.t("legend.open"), close: this.words.t("legend.close") }),
      () => this.closeSelection(),
    );
    this.panel = new Panel(byId("panel"), {
      page,
      words,
      attribute: () => this.attribute,
      release: () => this.release,
      onAttribute: (attribute) => this.store.set({ attribute }),
      onPhoto: (photo) => this.store.set({ photo }),
      onClose: () => this.closeSelection(),
      onZoom: (box) => this.view.fit(box, this.padding(), 18),
    });
    this.table = new TableView(/** @type {HTMLDialogElement} */ (byId("table")), {
      onPick: (code) => this.openArea(code, { table: false }),
      onClose: () => this.store.state.table && this.store.set({ table: false }),
    });
    this.photo = new PhotoDialog(/** @type {HTMLDialogElement} */ (byId("photo")), {
      page,
      words,
      attribute: () => this.attribute.key,
      figures: (layer) => this.figures.list(layer),
      outlines: (layer) => this.figures.outlines(layer),
      onPhoto: (photo) => this.store.set({ photo }),
      mapAddress: ({ id, lat, lon }) => {
        const view = { lat, lon, zoom: 17 };
        const state = {
          ...this.store.state,
          view,
          mode: "photos",
          photo: null,
          area: null,
          cell: null,
        };
        return `/${format(state, keys[0] ?? "")}#${id}`;
      },
    });
    this.search = new Search(
      /** @type {HTMLInputElement} */ (byId("search-input")),
      byId("search-list"),
      {
        areas: () => this.lists.get(this.areaLayer ?? "")?.areas ?? [],
        words,
        say: (text) => this.tip.say(text),
        onPick: (code) => this.openArea(code, {}),
      },
    );
    this.source = this.makeSource();
    this.listen();
    this.start();
  }

  listen() {
    this.store.subscribe((state, before) => this.changed(state, before));
    addEventListener("popstate", () => {
      this.store.restore(parse(location.search, { lang: this.store.state.lang, ...known }));
      const { view } = this.store.state;
      if (view) this.view.go(view);
      else this.goHome();
    });
    listenForLanguage((lang) => {
      rememberLanguage(lang);
      this.store.set({ lang }, "replace");
    });
    api.watchRelease(page.release, (release) => this.turnTo(release));
    byId("table-button").addEventListener("click", () => this.store.set({ table: true }));
    byId("locate").addEventListener("click", () => this.locate());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.closeSelection();
    });
  }

  async start() {
    const { view } = this.store.state;
    if (view) this.view.go(view);
    else this.goHome();
    this.translate();
    this.view.setBasemap(page.basemap);
    await this.showColouring();
    await this.showSelection(true);
    this.photo.open(this.store.state.photo);
    this.showTable();
  }

  // What is shown, from the state

  /** @returns {Attribute} */
  get attribute() {
    const { attribute } = this.store.state;
    return /** @type {Attribute} */ (page.attributes.find((a) => a.key === attribute));
  }

  get attributeIndex() {
    return keys.indexOf(this.store.state.attribute);
  }

  /** @returns {Colouring} */
  get colouring() {
    return colouringOf(this.store.state.mode, this.view.view().zoom, page.layers);
  }

  /** The layer whose areas have outlines: the coloured one, the selected one, or the first. */
  get areaLayer() {
    const { colouring } = this;
    if (colouring.kind === "areas") return colouring.layer;
    return this.store.state.area?.layer ?? layers[0]?.key ?? null;
  }

  get scale() {
    return scaleFor(this.colouring, this.release, this.attribute);
  }

  /** @returns {TileSource | null} */
  makeSource() {
    const template = this.release?.tiles[0];
    return template
      ? new TileSource(
          new URL(template, location.href).pathname.replaceAll(/%7B(\w)%7D/g, "{$1}"),
          keys,
          api.tile,
        )
      : null;
  }

  /** What is covered on each side of the map, by the panel too unless it is left out. */
  padding(withPanel = true) {
    const map = byId("map").getBoundingClientRect();
    const card = byId("card").getBoundingClientRect();
    const panel = byId("panel");
    if (this.sheet.phone.matches) {
      return { left: 12, right: 12, top: card.bottom + 8, bottom: this.sheet.height() + 8 };
    }
    const right = panel.hidden || !withPanel ? 16 : map.right - panel.getBoundingClientRect().left;
    const narrow = map.width - card.right - right < 260;
    return { left: narrow ? 16 : card.right + 12, top: 16, right: right + 12, bottom: 24 };
  }

  goHome() {
    const box = this.release?.city?.bbox ?? this.release?.bounds ?? this.layerBox();
    if (box) this.view.fit(box, this.padding(false));
    this.home = this.view.view();
  }

  /** @returns {Bbox | null} */
  layerBox() {
    const list = this.lists.get(layers[0]?.key ?? "");
    return list ? around(list.areas.map((a) => a.bbox)) : null;
  }

  // What a change of state means

  /** @param {MapState} state @param {MapState} before */
  changed(state, before) {
    if (state.lang !== before.lang) {
      this.words = new Words(state.lang, page.city_name);
      this.translate();
    }
    const recolour = state.attribute !== before.attribute || state.lang !== before.lang;
    if (state.mode !== before.mode || this.shownAs !== modeOf(this.colouring)) this.showColouring();
    else if (recolour) this.paint();
    if (recolour) this.heading.render(state.attribute, this.words);
    if (state.area !== before.area || state.cell !== before.cell) this.showSelection(false);
    else if (recolour) this.panel.render();
    if (state.photo !== before.photo) this.photo.open(state.photo);
    else if (recolour) this.photo.render();
    if (state.photo !== before.photo) this.markSelection();
    if (state.table !== before.table || recolour) this.showTable();
  }

  translate() {
    translatePage(this.words);
    this.heading.render(this.store.state.attribute, this.words);
    this.view.setTexts({
      zoomIn: this.words.t("map.zoom_in"),
      zoomOut: this.words.t("map.zoom_out"),
    });
    this.sheet.label();
    this.status.render();
    this.renderModes();
  }

  renderModes() {
    const { lang } = this.store.state;
    const modes = [
      ...layers.map(({ key, label }) => ({ key, label: label[lang] })),
      { key: "cells", label: this.words.t("mode.cells") },
      { key: "photos", label: this.words.t("mode.photos") },
    ];
    renderModes(byId("modes"), modes, modeOf(this.colouring), (mode) => this.store.set({ mode }));
  }

  /** Puts the right layers on the map, then colours them. */
  async showColouring() {
    const { colouring } = this;
    this.shownAs = modeOf(colouring);
    this.renderModes();
    this.view.show(colouring.kind, this.source, coarsenessOf(this.release));
    this.paint();
    try {
      await this.loadAreas();
    } catch (error) {
      this.failed(/** @type {Error} */ (error));
    }
    if (colouring.kind === "photos") this.loadPhotos();
    this.paint();
  }

  /** Outlines first; the figures that colour them may come later. */
  async loadAreas() {
    const layer = this.areaLayer;
    if (!layer) return;
    const list = this.figures.list(layer);
    if (this.shapesOf !== layer) {
      const shapes = await this.figures.outlines(layer);
      if (this.areaLayer !== layer) return;
      this.shapesOf = layer;
      this.view.areas.setShapes(shapes, this.words.collator.compare);
      this.paint();
    }
    const figures = await list;
    if (figures) this.lists.set(layer, figures);
    if (!this.release && this.home && !this.store.state.view) this.goHome();
  }

  /** Dots from the tiles where they hold them all, else from the sample. */
  async loadPhotos() {
    const { cells } = this.view;
    if (!cells?.complete()) return;
    const held = cells.photos();
    this.sampled = held === null;
    try {
      const parts = held ?? [await this.samples.points(keys)];
      if (this.colouring.kind === "photos") this.view.setPoints(parts);
    } catch (error) {
      this.failed(/** @type {Error} */ (error));
    }
    this.renderLegend();
  }

  tilesArrived() {
    if (this.colouring.kind === "photos") this.loadPhotos();
    else this.renderLegend();
  }

  /** Colours from memory: no change of attribute or language asks the server for anything. */
  paint() {
    this.view.paintScores(lookup(this.scale), this.attributeIndex);
    this.view.paintAreas((code) => this.lookOf(code));
    this.renderLegend();
  }

  /** @param {string} code */
  areaOf(code, layer = this.areaLayer) {
    return this.lists.get(layer ?? "")?.areas.find((a) => a.code === code);
  }

  /** @param {string} code */
  lookOf(code) {
    const area = this.areaOf(code);
    if (!area || this.colouring.kind !== "areas")
      return { fill: null, dark: false, text: area?.name ?? code };
    const text = tipOfArea(this.words, area, this.attribute.key);
    const figure = area.attributes[this.attribute.key];
    if (area.n === 0) return { fill: null, dark: false, text };
    if (!area.shown || !figure) return { fill: "hatch", dark: false, text };
    const fill = colourOf(this.scale, figure.mean);
    return { fill, dark: isDark(fill), text };
  }

  renderLegend() {
    const { words, attribute, scale } = this;
    const { kind } = this.colouring;
    const scores = this.scoresInView();
    this.legend = {
      words,
      attribute,
      scale,
      kind,
      scores,
      caption: this.captionOf(scores.length),
      sample: kind === "photos" && this.sampled ? this.samples.text(words) : null,
      release: this.release,
      onAnother: () => {
        this.samples.another();
        this.loadPhotos();
      },
    };
    renderLegend(byId("legend"), this.legend);
    renderStrip(byId("strip"), this.legend);
    const empty =
      kind === "areas" ? !this.release : this.view.cells?.complete() && scores.length === 0;
    this.status.setNotice(empty ? words.t(this.release ? "map.empty" : "map.empty.release") : null);
  }

  /** @returns {number[]} */
  scoresInView() {
    const { colouring, attributeIndex } = this;
    if (colouring.kind === "cells")
      return this.view.cells?.means(this.view.bbox(), attributeIndex) ?? [];
    if (colouring.kind === "photos") return this.view.dots.scores(attributeIndex);
    const areas = this.lists.get(colouring.layer)?.areas ?? [];
    return areas.flatMap((a) => (a.shown ? (a.attributes[this.attribute.key]?.mean ?? []) : []));
  }

  /** @param {number} n */
  captionOf(n) {
    const { colouring, words } = this;
    if (colouring.kind !== "areas") return words.count(`legend.${colouring.kind}`, n);
    const layer = layers.find((l) => l.key === colouring.layer);
    return words.count("legend.areas", n, {
      layer: (layer?.label[words.lang] ?? "").toLowerCase(),
    });
  }

  // Selection

  /** @param {boolean} first whether the page has just been opened */
  async showSelection(first) {
    const { area, cell } = this.store.state;
    this.markSelection();
    if (area) await this.showArea(area, first);
    else if (cell) await this.showCell(cell);
    else this.panel.show(null);
    document.body.classList.toggle("has-panel", Boolean(area || cell));
    if ((area || cell) && this.sheet.phone.matches && this.sheet.stop === "peek")
      this.sheet.set("half");
    if (!area && !cell && this.sheet.stop !== "peek" && !first) this.sheet.set("peek", false);
  }

  /** @param {{ layer: string, code: string }} selected @param {boolean} first */
  async showArea({ layer: key, code }, first) {
    const layer = layers.find((l) => l.key === key);
    const list = layer ? await this.figures.list(key).catch(() => null) : null;
    if (list) this.lists.set(key, list);
    const area = this.areaOf(code, key);
    if (this.store.state.area?.code !== code) return;
    if (!layer || !list || !area) return this.panel.show(null);
    const spread = spreadOf({ kind: "areas", layer: key }, this.release) ?? 5;
    this.panel.show({ kind: "area", layer, area, floor: list.floor, spread });
    const place = this.view.placeOf(code);
    if (place && !(first && this.store.state.view))
      this.view.reveal(place.lat, place.lon, this.padding());
  }

  /** @param {{ z: number, x: number, y: number }} key */
  async showCell(key) {
    try {
      const cell = await api.cell(key);
      if (this.store.state.cell !== key) return;
      this.panel.show({
        kind: "cell",
        cell,
        spread: spreadOf({ kind: "cells" }, this.release) ?? 5,
      });
    } catch (error) {
      this.failed(/** @type {Error} */ (error));
    }
  }

  markSelection() {
    const { area, cell, photo } = this.store.state;
    this.view.select({
      area: area && area.layer === this.shapesOf ? area.code : null,
      cell: cell ? cellBbox(cell) : null,
      photo,
    });
  }

  /** From search or table: goes there too. @param {string} code @param {Partial<MapState>} also */
  openArea(code, also) {
    const layer = this.areaLayer;
    if (!layer) return;
    this.store.set({ ...also, area: { layer, code }, cell: null });
    const area = this.areaOf(code);
    if (area) this.view.fit(area.bbox, this.padding(), 14);
    byId("panel").focus({ preventScroll: true });
  }

  /** @param {Hit | null} hit */
  pick(hit) {
    if (!hit) return this.closeSelection();
    this.tip.show(null, null);
    if (hit.kind === "photo") this.store.set({ photo: hit.id });
    else if (hit.kind === "area")
      this.store.set({ area: { layer: this.areaLayer ?? "", code: hit.code }, cell: null });
    else this.store.set({ cell: { z: hit.z, x: hit.x, y: hit.y }, area: null });
    if (hit.kind !== "photo" && document.activeElement?.matches(":focus-visible")) {
      byId("panel").hidden = false;
      byId("panel").focus({ preventScroll: true });
    }
  }

  closeSelection() {
    const { area, cell } = this.store.state;
    if (!area && !cell) return;
    const hadFocus = byId("panel").contains(document.activeElement);
    this.store.set({ area: null, cell: null });
    if (!hadFocus) return;
    if (area && this.colouring.kind === "areas") this.view.areas.focus(area.code);
    else byId("map").focus({ preventScroll: true });
  }

  /** @param {Hit | null} hit @param {{ x: number, y: number } | null} at @param {"pointer" | "focus" | "centre"} how */
  hover(hit, at, how) {
    const text = hit ? this.tipText(hit) : null;
    this.tip.show(how === "pointer" && !matchMedia("(hover: hover)").matches ? null : text, at);
    if (text) this.tip.say(text);
    if (this.legend) pointAt(byId("legend"), this.scale, hit ? this.scoreOf(hit) : null);
  }

  /** @param {Hit} hit */
  tipText(hit) {
    if (hit.kind === "area") {
      const area = this.areaOf(hit.code);
      return area ? tipOfArea(this.words, area, this.attribute.key) : null;
    }
    const size = hit.kind === "cell" ? this.words.distance(cellSideM(hit)) : "";
    return tipOf(this.words, hit, this.attributeIndex, size);
  }

  /** @param {Hit} hit @returns {number | null} */
  scoreOf(hit) {
    if (hit.kind !== "area") return hit.scores[this.attributeIndex] ?? null;
    const area = this.areaOf(hit.code);
    return area?.shown ? (area.attributes[this.attribute.key]?.mean ?? null) : null;
  }

  // Table, place, news, failures

  async showTable() {
    const layer = layers.find((l) => l.key === this.areaLayer);
    if (!this.store.state.table || !layer) return this.table.show(null);
    const list = await this.figures.list(layer.key).catch(() => null);
    if (!list || !this.store.state.table) return;
    const spread = spreadOf({ kind: "areas", layer: layer.key }, this.release) ?? 5;
    const { words } = this;
    this.table.show({
      words,
      attributes: page.attributes,
      attribute: this.attribute.key,
      layer,
      list,
      spread,
      demo: page.demo,
    });
  }

  locate() {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        this.view.markPlace(coords.latitude, coords.longitude);
        this.view.go({ lat: coords.latitude, lon: coords.longitude, zoom: 15 });
        this.tip.say(this.words.t("locate.here"));
      },
      () => this.status.setNotice(this.words.t("locate.denied")),
    );
  }

  /** @param {View} view */
  moved(view) {
    if (!this.home) return;
    const atHome =
      view.zoom === this.home.zoom &&
      Math.abs(view.lat - this.home.lat) < 1e-4 &&
      Math.abs(view.lon - this.home.lon) < 1e-4;
    this.store.set({ view: atHome ? null : view }, "replace");
    if (this.colouring.kind === "photos") this.loadPhotos();
    else this.renderLegend();
  }

  /** Newer data: everything that came from the server is asked for again. @param {Release | null} release */
  async turnTo(release) {
    this.release = release;
    this.figures.turnTo(release);
    this.samples.forget();
    this.source = this.makeSource();
    await this.showColouring();
    await this.showSelection(true);
    this.tip.say(this.words.t("map.updated"));
  }

  /** @param {Error} error */
  failed(error) {
    const { words } = this;
    const message =
      error instanceof api.RequestFailed
        ? (error.detail ??
          (error.status === 0
            ? words.t("error.network")
            : words.t("error.server", { status: error.status })))
        : error.message;
    this.status.fail(message, () => this.turnTo(this.release));
  }
}

new MapPage();
