// The gallery: every photo as a tile, in the order of an attribute.

import * as api from "../api.js";
import { byId, element } from "../dom.js";
import { FigureBook } from "../figures.js";
import {
  listenForLanguage,
  readPageData,
  rememberLanguage,
  sentence,
  translatePage,
} from "../page.js";
import { photoCard } from "../photo/card.js";
import { PhotoDialog } from "../photo/dialog.js";
import { Store } from "../store.js";
import { Words } from "../words.js";
import { format, ORDERS, parse } from "./state.js";

/** @import {Attribute, Photo} from "../types.d.ts" */
/** @import {GalleryState} from "./state.js" */

const PAGE_SIZE = 60;
const EAGER = 12;
/** Tiles that come by scrolling alone; from there on the button is asked. */
const BY_SCROLLING = 600;

const page = readPageData();
const keys = page.attributes.map((a) => a.key);
const layers = page.layers.filter((l) => !l.city);

class GalleryPage {
  constructor() {
    this.words = new Words(page.lang, page.city_name);
    this.figures = new FigureBook(page.release);
    this.store = new Store(
      parse(location.search, page.lang, keys),
      (/** @type {GalleryState} */ state) => location.pathname + format(state, keys[0] ?? ""),
    );
    api.readFrom(this.store.state.release);
    /** @type {Photo[]} */
    this.photos = [];
    /** @type {string | null} */
    this.next = null;
    /** @type {number | null} */
    this.total = null;
    /** @type {AbortController | null} */
    this.asking = null;
    /** @type {Error | null} */
    this.failure = null;
    this.heading = sentence(page.attributes, (attribute) => this.store.set({ attribute }));
    this.photo = new PhotoDialog(/** @type {HTMLDialogElement} */ (byId("photo")), {
      page,
      words: () => this.words,
      attribute: () => this.store.state.attribute,
      figures: (layer) => this.figures.list(layer),
      outlines: (layer) => this.figures.outlines(layer),
      onPhoto: (photo) => this.store.set({ photo }),
      mapAddress: (photo) => this.mapAddress(photo),
    });
    this.listen();
    this.translate();
    this.load();
    this.fillAreas();
    this.photo.open(this.store.state.photo);
  }

  /** The map around a photo. @param {Photo} photo */
  mapAddress({ lat, lon }) {
    const { lang, attribute, release } = this.store.state;
    const query = new URLSearchParams({ lang, attribute, show: "photos" });
    if (release) query.set("release", release);
    return `/?${query}&at=17/${lat}/${lon}`;
  }

  listen() {
    this.store.subscribe((state, before) => this.changed(state, before));
    addEventListener("popstate", () => {
      this.store.restore(parse(location.search, this.store.state.lang, keys));
    });
    listenForLanguage((lang) => {
      rememberLanguage(lang);
      this.store.set({ lang }, "replace");
    });
    const order = /** @type {HTMLSelectElement} */ (byId("order"));
    order.addEventListener("change", () =>
      this.store.set({ order: /** @type {GalleryState["order"]} */ (order.value) }),
    );
    const area = /** @type {HTMLSelectElement} */ (byId("area"));
    area.addEventListener("change", () => this.store.set({ area: area.value || null }));
    const nearEnd = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting && this.photos.length < BY_SCROLLING) this.loadMore();
      },
      { rootMargin: "600px" },
    );
    nearEnd.observe(byId("more"));
  }

  /** @param {GalleryState} state @param {GalleryState} before */
  changed(state, before) {
    if (state.lang !== before.lang) {
      this.words = new Words(state.lang, page.city_name);
      this.translate();
      this.fillAreas();
      this.redraw();
    }
    const asks = /** @type {const} */ (["attribute", "order", "area", "layer"]);
    if (asks.some((name) => state[name] !== before[name])) {
      this.translate();
      this.fillAreas();
      this.load();
    }
    if (state.photo !== before.photo) this.photo.open(state.photo);
    else if (state.lang !== before.lang) this.photo.render();
  }

  translate() {
    const { words } = this;
    const { attribute, order } = this.store.state;
    translatePage(words);
    this.heading.render(attribute, words);
    /** @type {Record<string, string>} */
    const labels = {
      most: words.t(`most.${attribute}`),
      least: words.t(`least.${attribute}`),
      typical: words.t("gallery.typical"),
      newest: words.t("gallery.newest"),
    };
    const select = /** @type {HTMLSelectElement} */ (byId("order"));
    select.replaceChildren(...ORDERS.map((key) => element("option", { value: key }, labels[key])));
    select.value = order;
    this.renderCount();
    this.renderMore();
  }

  /** The filter by area, once the names are known. */
  async fillAreas() {
    const layer = layers.find((l) => l.key === this.store.state.layer) ?? layers[0];
    if (!layer) return;
    const list = await this.figures.list(layer.key).catch(() => null);
    const areas = (list?.areas ?? []).filter((a) => a.n > 0);
    if (areas.length === 0) return;
    const { words } = this;
    byId("area-filter").hidden = false;
    byId("area-label").textContent = layer.label[words.lang];
    const select = /** @type {HTMLSelectElement} */ (byId("area"));
    select.replaceChildren(
      element("option", { value: "" }, words.t("gallery.area.all")),
      ...[...areas]
        .sort((a, b) => words.collator.compare(a.name, b.name))
        .map((a) => element("option", { value: a.code }, `${a.name} (${words.number(a.n)})`)),
    );
    select.value = this.store.state.area ?? "";
  }

  /** From the start: another attribute, order or area. */
  load() {
    this.asking?.abort();
    this.asking = null;
    this.photos = [];
    this.next = null;
    this.total = null;
    byId("tiles").setAttribute("aria-busy", "true");
    this.loadMore();
  }

  async loadMore() {
    const first = this.total === null;
    if (this.asking || (!first && this.next === null)) return;
    const asking = new AbortController();
    this.asking = asking;
    const { attribute, order, area, layer } = this.store.state;
    const where = area ? { layer: layer ?? layers[0]?.key, area } : {};
    try {
      const found = page.release
        ? await api.photos(
            { ...where, attribute, order, limit: PAGE_SIZE, cursor: this.next },
            asking.signal,
          )
        : { photos: [], next: null, total: 0 };
      if (this.asking !== asking) return;
      this.failure = null;
      this.next = found.next;
      this.total = found.total;
      if (first) byId("tiles").replaceChildren();
      this.append(found.photos);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.failure = /** @type {Error} */ (error);
    }
    this.asking = null;
    byId("tiles").removeAttribute("aria-busy");
    this.renderCount();
    this.renderMore();
  }

  /** @param {Photo[]} photos */
  append(photos) {
    const start = this.photos.length;
    this.photos.push(...photos);
    byId("tiles").append(...photos.map((photo, i) => this.tile(photo, start + i < EAGER)));
  }

  redraw() {
    byId("tiles").replaceChildren(...this.photos.map((photo, i) => this.tile(photo, i < EAGER)));
  }

  /** @param {Photo} photo @param {boolean} eager */
  tile(photo, eager) {
    const { words } = this;
    const attribute = /** @type {Attribute} */ (
      page.attributes.find((a) => a.key === this.store.state.attribute)
    );
    const onOpen = (/** @type {number} */ id) => this.store.set({ photo: id });
    return element("li", {}, photoCard(photo, { attribute, words, onOpen, eager }));
  }

  renderCount() {
    const { words, total } = this;
    const text =
      total === null
        ? ""
        : total === 0
          ? words.t("gallery.count.none")
          : words.count("gallery.count", total);
    byId("count").textContent = text;
  }

  renderMore() {
    byId("more").replaceChildren(...this.moreParts().filter((part) => part !== null));
  }

  /** @returns {(Node | null)[]} */
  moreParts() {
    const { words, failure, total, next } = this;
    const button = (/** @type {string} */ key, /** @type {() => void} */ onclick) =>
      element("button", { type: "button", class: "button button-quiet", onclick }, words.t(key));
    if (failure) {
      const message =
        failure instanceof api.RequestFailed
          ? (failure.detail ?? words.t("error.network"))
          : failure.message;
      return [
        element("p", {}, words.t("map.failed", { message })),
        button("map.retry", () => this.loadMore()),
      ];
    }
    if (total === 0) {
      const { area } = this.store.state;
      return [
        element("p", {}, words.t("gallery.empty")),
        area ? button("gallery.clear", () => this.store.set({ area: null })) : null,
      ];
    }
    if (next !== null) return [button("gallery.more", () => this.loadMore())];
    return [total === null ? null : element("p", {}, words.t("gallery.end"))];
  }
}

new GalleryPage();
