// The gallery: every photo as a tile, in an order, through filters.

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
import { AreaField } from "./area-field.js";
import { failureText } from "./failure.js";
import { ALL_OFF, chips, filterPanel, setFilters } from "./filters.js";
import { MOST, PhotoList } from "./list.js";
import { asQuestion, format, isSameList, ORDERS, parse } from "./state.js";
import { Wall } from "./wall.js";

/** @import {Attribute, Photo} from "../types.d.ts" */
/** @import {Scatter} from "./scatter.js" */
/** @import {GalleryState} from "./state.js" */

const EAGER = 12;
/** Of the orders that are called the same for every attribute. @type {Record<string, string>} */
const NAMES = {
  typical: "gallery.typical",
  newest: "gallery.newest",
  random: "gallery.random",
  nearest: "gallery.nearest",
};

const page = readPageData();
const keys = page.attributes.map((a) => a.key);
const layers = page.layers.filter((l) => !l.city);

class GalleryPage {
  constructor() {
    history.scrollRestoration = "manual";
    this.words = new Words(page.lang, page.city_name);
    this.figures = new FigureBook(page.release);
    this.store = new Store(
      parse(location.search, page.lang, keys),
      (/** @type {GalleryState} */ state) => location.pathname + format(state, keys[0] ?? ""),
    );
    api.readFrom(this.store.state.release);
    /** No page of the list has come yet. */
    this.isNew = true;
    this.lengthShown = 0;
    /** Where scrolling has come to rest. @type {number | null} */
    this.stoodAt = null;
    this.list = new PhotoList(
      async (where, signal) =>
        page.release
          ? api.photos(where, signal)
          : { release: "", photos: [], next: null, total: 0 },
      () => this.answered(),
    );
    this.heading = sentence(page.attributes, (attribute) => this.go({ attribute }));
    this.area = new AreaField(
      {
        input: /** @type {HTMLInputElement} */ (byId("area")),
        list: byId("areas"),
        clear: byId("area-clear"),
      },
      {
        layers,
        areas: async (layer) => (await this.figures.list(layer))?.areas ?? [],
        words: () => this.words,
        say: (text) => this.say(text),
        onPick: (choice) => this.go({ layer: choice?.layer ?? null, area: choice?.code ?? null }),
      },
    );
    this.panel = filterPanel({
      attributes: page.attributes,
      state: () => this.store.state,
      words: () => this.words,
      onChange: (changes) => this.go(changes),
    });
    this.wall = new Wall(byId("tiles"), {
      length: () => this.list.length,
      at: (index) => this.list.at(index),
      tile: (photo, index) => this.tile(photo, index < EAGER),
      waiting: (index) => this.words.t("gallery.waiting", { n: this.words.number(index + 1) }),
      onSeen: (from, to) => this.list.want(from, to),
      onStill: (first, last) => this.stood(first, last),
    });
    this.photo = new PhotoDialog(/** @type {HTMLDialogElement} */ (byId("photo")), {
      page,
      words: () => this.words,
      attribute: () => this.store.state.attribute,
      figures: (layer) => this.figures.list(layer),
      outlines: (layer) => this.figures.outlines(layer),
      onPhoto: (photo) => this.store.set({ photo }),
      mapAddress: (photo) => this.mapAddress(photo),
    });
    /** The plot of two attributes, once it has been asked for. @type {Scatter | null} */
    this.scatter = null;
    this.listen();
    this.translate();
    this.load();
    this.showPair();
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
    byId("order").addEventListener("change", (event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      this.chooseOrder(/** @type {GalleryState["order"]} */ (value));
    });
    byId("shuffle").addEventListener("click", () =>
      this.go({ seed: (this.store.state.seed % 1_000_000) + 1 }),
    );
    byId("pair-button").addEventListener("click", () => this.togglePair());
    // Whatever opens above the wall, and however high it is.
    new ResizeObserver(() => this.wall.update()).observe(byId("pair"));
    const toggle = byId("filters-button");
    toggle.addEventListener("click", () => {
      const panel = byId("more-filters");
      panel.hidden = !panel.hidden;
      toggle.setAttribute("aria-expanded", String(!panel.hidden));
      this.wall.update();
    });
  }

  /** Another list, looked at from its beginning; the way back leads to where this one was. @param {Partial<GalleryState>} changes */
  go(changes) {
    this.store.set({ ...changes, at: 0 });
  }

  togglePair() {
    const { attribute, pair } = this.store.state;
    const other = keys.find((key) => key !== attribute);
    this.choosePair(pair || !other ? null : [attribute, other]);
  }

  /** @param {GalleryState["pair"]} pair */
  choosePair(pair) {
    const had = byId("pair").contains(document.activeElement);
    this.store.set({ pair });
    if (!pair && had) byId("pair-button").focus();
  }

  /** Its module is loaded for those who open it. */
  async showPair() {
    const { pair } = this.store.state;
    byId("pair-button").setAttribute("aria-expanded", String(pair !== null));
    if (pair && page.release && !this.scatter) {
      const module = await import("./scatter.js").catch((error) => {
        this.say(failureText(error, this.words));
        return null;
      });
      if (!module) return this.choosePair(null);
      this.scatter ??= new module.Scatter({
        attributes: page.attributes,
        firstLayer: layers[0]?.key,
        state: () => this.store.state,
        words: () => this.words,
        say: (text) => this.say(text),
        onFilter: (changes) => this.go(changes),
        onPair: (chosen) => this.choosePair(chosen),
        onOpen: (photo) => this.store.set({ photo }),
      });
    }
    this.scatter?.show();
  }

  /** Those near a place need one, which the browser knows. @param {GalleryState["order"]} order */
  chooseOrder(order) {
    if (order !== "nearest" || this.store.state.near) {
      this.go({ order });
      return;
    }
    this.say(this.words.t("gallery.locating"));
    const denied = () => {
      this.say(this.words.t("locate.denied"));
      this.renderOrder();
    };
    if (!navigator.geolocation) denied();
    else
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        this.say("");
        const near = `${coords.longitude.toFixed(4)},${coords.latitude.toFixed(4)}`;
        this.go({ order, near });
      }, denied);
  }

  /** @param {GalleryState} state @param {GalleryState} before */
  changed(state, before) {
    if (state.lang !== before.lang) {
      this.words = new Words(state.lang, page.city_name);
      this.translate();
      this.wall.redraw();
    }
    if (!isSameList(state, before)) {
      this.translate();
      this.load();
    } else if (state.at !== before.at && state.at !== this.stoodAt) this.wall.scrollTo(state.at);
    const isSamePair = state.pair?.join() === before.pair?.join() && state.lang === before.lang;
    if (!isSamePair || !isSameList(state, before)) this.showPair();
    if (state.photo !== before.photo) this.photo.open(state.photo);
    else if (state.lang !== before.lang) this.photo.render();
  }

  translate() {
    const { words } = this;
    const { attribute } = this.store.state;
    translatePage(words);
    this.heading.render(attribute, words);
    this.renderOrder();
    const { area, layer } = this.store.state;
    const key = layer ?? layers[0]?.key;
    byId("pair-button").hidden = !page.release;
    byId("area-filter").hidden = layers.length === 0 || !page.release;
    this.area.render(area && key ? { layer: key, code: area } : null);
    this.panel.render();
    this.renderChips();
    this.renderCount();
    this.renderMore();
  }

  renderOrder() {
    const { words } = this;
    const { attribute, order } = this.store.state;
    for (const key of ORDERS) {
      byId(`order-${key}-label`).textContent = words.t(NAMES[key] ?? `${key}.${attribute}`);
      /** @type {HTMLInputElement} */ (byId(`order-${key}`)).checked = key === order;
    }
    byId("shuffle").hidden = order !== "random";
  }

  renderChips() {
    const { words } = this;
    const set = setFilters(this.store.state, page.attributes, words);
    byId("filters-count").textContent = set.length > 0 ? String(set.length) : "";
    byId("chips").replaceChildren(...chips(set, words, (off) => this.go(off)));
  }

  /** From where the address says. */
  load() {
    const { state } = this.store;
    this.wall.reset();
    this.isNew = true;
    byId("tiles").setAttribute("aria-busy", "true");
    this.list.turnTo(asQuestion(state, layers[0]?.key), Math.min(state.at, MOST - 1));
  }

  /** A page of the list has come, or it has not. */
  answered() {
    const { failure, total } = this.list;
    if (!failure || total !== null) byId("tiles").removeAttribute("aria-busy");
    this.renderCount();
    this.renderMore();
    if (this.isNew && total !== null) {
      this.isNew = false;
      this.wall.update();
      this.wall.scrollTo(this.store.state.at);
      this.showPosition(this.wall.first(), this.wall.last());
    } else if (this.lengthShown !== this.list.length) this.wall.update();
    this.lengthShown = this.list.length;
    this.wall.render();
  }

  /** Scrolling has come to rest: the address says where, without a step for the back button. @param {number} first @param {number} last */
  stood(first, last) {
    if (this.isNew) return;
    this.stoodAt = first;
    this.showPosition(first, last);
    if (first !== this.store.state.at) this.store.set({ at: first }, "replace");
  }

  /** @param {number} first @param {number} last */
  showPosition(first, last) {
    const { words } = this;
    byId("position").textContent =
      last < first || this.list.length === 0
        ? ""
        : words.t("gallery.position", {
            first: words.number(first + 1),
            last: words.number(last + 1),
          });
  }

  /** @param {Photo} photo @param {boolean} eager */
  tile(photo, eager) {
    const { words } = this;
    const attribute = /** @type {Attribute} */ (
      page.attributes.find((a) => a.key === this.store.state.attribute)
    );
    const onOpen = (/** @type {number} */ id) => this.store.set({ photo: id });
    return photoCard(photo, { attribute, words, onOpen, eager });
  }

  /** For the live region. @param {string} text */
  say(text) {
    byId("said").textContent = text;
  }

  renderCount() {
    const { words } = this;
    const { total } = this.list;
    const none = total === 0 ? words.t("gallery.count.none") : "";
    const text = total ? words.count("gallery.count", total) : none;
    if (byId("count").textContent !== text) byId("count").textContent = text;
    if (!total) byId("position").textContent = "";
  }

  renderMore() {
    const more = byId("more");
    more.classList.toggle("is-failure", this.list.failure !== null);
    more.replaceChildren(...this.moreParts());
  }

  /** @returns {Node[]} */
  moreParts() {
    const { words } = this;
    const { failure, total } = this.list;
    const button = (/** @type {string} */ key, /** @type {() => void} */ onclick) =>
      element("button", { type: "button", class: "button button-quiet", onclick }, words.t(key));
    if (failure) {
      return [
        element("p", {}, failureText(failure, words)),
        button("map.retry", () => this.retry()),
      ];
    }
    if (total === null) return [];
    if (total === 0) {
      const { area } = this.store.state;
      const filtered = area || setFilters(this.store.state, page.attributes, words).length > 0;
      const empty = element("p", {}, words.t(filtered ? "gallery.none" : "gallery.empty"));
      return filtered ? [empty, button("gallery.clear", () => this.clear())] : [empty];
    }
    if (total > MOST) {
      return [element("p", {}, words.t("gallery.most", { n: words.number(MOST) }))];
    }
    return [element("p", {}, words.t("gallery.end"))];
  }

  /** Without a place, there are none near it either. */
  clear() {
    const { order } = this.store.state;
    this.go({ ...ALL_OFF, order: order === "nearest" ? "most" : order });
  }

  retry() {
    if (this.list.total === null) this.load();
    else this.list.want(this.wall.first(), this.wall.last());
  }
}

new GalleryPage();
