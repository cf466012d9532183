// The map page: its parts, and what each change of state means for them.

import * as api from "../api.js";
import { byId } from "../dom.js";
import { MapView } from "../leaflet/view.js";
import { listenForLanguage, rememberLanguage, sentence, translatePage } from "../page.js";
import { PhotoDialog } from "../photo/dialog.js";
import { spreadOf } from "./colouring.js";
import { Desk } from "./desk.js";
import { followed } from "./difference.js";
import { Frame } from "./frame.js";
import { goTo, locate } from "./here.js";
import { Key, ontoPage } from "./key.js";
import { Kit } from "./kit.js";
import { Painter } from "./painter.js";
import { Panel } from "./panel.js";
import { Renewal } from "./renewal.js";
import { Search } from "./search.js";
import { Selection } from "./selection.js";
import { Sheet } from "./sheet.js";
import { Status } from "./status.js";
import { TableView } from "./table.js";
import { Tip } from "./tip.js";

/** @import {MapState, Photo, View} from "../types.d.ts" */

const PHOTO_ZOOM = 17;

class MapPage {
  constructor() {
    const desk = new Desk();
    this.desk = desk;
    /** From now on moves are the user's, and the address follows them. */
    this.isPlaced = false;
    const words = () => desk.words;
    const onError = (/** @type {Error} */ error) => this.renewal.failed(error);
    const onAttribute = (/** @type {string} */ attribute) => {
      const { against, attribute: before } = desk.state;
      desk.store.set({ attribute, against: followed(against, before, attribute) });
    };
    const onPhoto = (/** @type {number | null} */ photo) => desk.store.set({ photo });
    const padding = () => this.frame.padding();
    this.heading = sentence(desk.page.attributes, onAttribute);
    this.status = new Status(byId("status"), words);
    this.view = new MapView(byId("map"), {
      onHover: (hit, at, how) => {
        this.selection.hover(hit, at, how);
        this.kit.beside.mirror(hit, at);
      },
      onPick: (hit) => this.selection.pick(hit),
      onMoving: (view) => this.kit.beside.follow(view),
      onMove: (view) => this.moved(view),
      onTiles: () => this.painter.follow(),
      drawing: {
        onChange: (draft) => this.kit.tools.changed(draft),
        onDone: (shape) => this.kit.tools.done(shape),
      },
      onError,
    });
    this.painter = new Painter(desk, this.view, {
      onPainted: () => this.key.render(),
      onFollowed: () => this.key.follow(),
      onError,
    });
    this.key = new Key(desk, this.painter, {
      onModel: ontoPage(desk, this.painter, this.status),
      onError,
    });
    this.tip = new Tip(byId("map"), byId("live"));
    this.sheet = new Sheet(
      () => ({ open: desk.words.t("legend.open"), close: desk.words.t("legend.close") }),
      () => this.selection.close(),
    );
    this.frame = new Frame(desk, this.view, this.painter, this.sheet);
    this.panel = new Panel(byId("panel"), {
      page: desk.page,
      words,
      attribute: () => desk.attribute,
      release: () => desk.release,
      releaseName: () => desk.state.release,
      onAttribute,
      onPhoto,
      onClose: () => this.selection.close(),
      onZoom: (box) => this.view.fit(box, this.frame.padding(), PHOTO_ZOOM + 1),
    });
    const { view, painter, key, panel, sheet, tip } = this;
    this.selection = new Selection({
      desk,
      view,
      painter,
      key,
      panel,
      sheet,
      tip,
      padding,
      onError,
    });
    const { frame, selection } = this;
    this.kit = new Kit({ desk, view, key, frame, selection, tip, onError });
    const { kit, status } = this;
    this.renewal = new Renewal({ desk, painter, key, kit, frame, selection, status, tip });
    this.table = new TableView(/** @type {HTMLDialogElement} */ (byId("table")), {
      onPick: (code) => this.selection.openArea(code, { table: false }),
      onClose: () => desk.state.table && desk.store.set({ table: false }),
    });
    this.photo = new PhotoDialog(/** @type {HTMLDialogElement} */ (byId("photo")), {
      page: desk.page,
      words,
      attribute: () => desk.attribute.key,
      figures: (layer) => desk.figures.list(layer),
      outlines: (layer) => desk.figures.outlines(layer),
      onPhoto,
      mapAddress: (photo) => this.addressOf(photo),
    });
    const input = /** @type {HTMLInputElement} */ (byId("search-input"));
    this.search = new Search(input, byId("search-list"), {
      onFocus: () => this.sheet.rise(),
      areas: () => desk.lists.get(painter.areaLayer ?? "")?.areas ?? [],
      words,
      say: (text) => tip.say(text),
      onPick: (code) => this.selection.openArea(code, {}),
      onPlace: (place) => {
        goTo(this, place);
        byId("map").focus({ preventScroll: true });
      },
    });
    this.listen();
    this.start();
  }

  listen() {
    const { store } = this.desk;
    store.subscribe((state, before) => this.changed(state, before));
    addEventListener("popstate", () => {
      store.restore(this.desk.read(store.state.lang));
      if (store.state.view) this.view.go(store.state.view);
      else this.frame.goHome();
    });
    listenForLanguage((lang) => {
      rememberLanguage(lang);
      store.set({ lang }, "replace");
    });
    api.watchRelease(this.desk.release, (release) => this.renewal.turnTo(release));
    byId("search").hidden = this.desk.layers.length === 0;
    byId("table-button").hidden = this.desk.layers.length === 0;
    byId("table-button").addEventListener("click", () => store.set({ table: true }));
    byId("locate").addEventListener("click", () => locate(this));
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
      this.kit.escape(() => this.selection.close());
    });
  }

  async start() {
    const { view, photo } = this.desk.state;
    this.translate();
    if (view) this.view.go(view);
    else this.frame.goHome();
    this.view.setBasemap(this.desk.page.basemap);
    await this.painter.show();
    if (!this.desk.release && !view) this.frame.goHome();
    this.isPlaced = true;
    await this.kit.beside.show();
    await this.selection.show(true);
    this.photo.open(photo);
    this.showTable();
  }

  /** @param {MapState} state @param {MapState} before */
  changed(state, before) {
    const respeak = state.lang !== before.lang;
    if (respeak) {
      this.desk.speak(state.lang);
      this.translate();
    }
    const recolour = respeak || state.attribute !== before.attribute;
    if (recolour) this.heading.render(state.attribute, this.desk.words);
    if (this.painter.isStale) {
      this.painter.show();
      this.search.invite(this.painter.areaLayer);
    } else if (recolour || state.only !== before.only || state.against !== before.against)
      this.painter.paint();
    this.kit.changed(state, before);
    if (state.area !== before.area || state.cell !== before.cell || state.zone !== before.zone)
      this.selection.show(false);
    else if (recolour) this.panel.render();
    if (state.photo !== before.photo) {
      this.photo.open(state.photo);
      this.selection.mark();
    } else if (recolour) this.photo.render();
    if (state.table !== before.table || recolour) this.showTable();
  }

  translate() {
    const { words, state } = this.desk;
    translatePage(words);
    this.heading.render(state.attribute, words);
    this.view.setTexts({ zoomIn: words.t("map.zoom_in"), zoomOut: words.t("map.zoom_out") });
    this.sheet.label();
    this.kit.translate();
    this.status.render();
    this.painter.renderModes();
    this.search.invite(this.painter.areaLayer);
  }

  /** @param {View} view */
  moved(view) {
    if (!this.isPlaced) return;
    this.desk.store.set({ view: this.frame.isHome(view) ? null : view }, "replace");
    this.painter.follow();
  }

  /** The map around a photo. @param {Photo} photo */
  addressOf({ lat, lon }) {
    const view = { lat, lon, zoom: PHOTO_ZOOM };
    const state = {
      ...this.desk.state,
      view,
      mode: "photos",
      photo: null,
      area: null,
      cell: null,
      zone: null,
    };
    return this.desk.address(state);
  }

  async showTable() {
    const { layers, figures, release, words, page, attribute, store } = this.desk;
    const layer = layers.find((l) => l.key === this.painter.areaLayer);
    if (!store.state.table || !layer) {
      this.table.show(null);
      return;
    }
    const list = await figures.list(layer.key).catch(() => null);
    if (!list || !store.state.table) return;
    const spread = spreadOf({ kind: "areas", layer: layer.key }, release) ?? 5;
    const { attributes, demo } = page;
    this.table.show({ words, attributes, attribute: attribute.key, layer, list, spread, demo });
  }
}

new MapPage();
