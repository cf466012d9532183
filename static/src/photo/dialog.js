// One photo, large: how it looks against its area and the city, where it is, what it comes from.

import * as api from "../api.js";
import { bars } from "../bars.js";
import { element, keepFocus } from "../dom.js";
import { direction } from "../geometry.js";
import { reportPart } from "./report.js";

/** @import {AreaList, Attribute, Figures, PageData, PhotoDetail} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/**
 * @typedef {object} PhotoContext
 * @property {PageData} page
 * @property {() => Words} words
 * @property {() => string} attribute
 * @property {(layer: string) => Promise<AreaList | null>} figures
 * @property {(layer: string) => Promise<GeoJSON.FeatureCollection | null>} outlines
 * @property {(id: number | null) => void} onPhoto opens another photo, or closes
 * @property {(photo: PhotoDetail) => string} mapAddress
 */

/** @typedef {{ photo: PhotoDetail, layer: string | null, area: { code: string, name: string } | null, areaFigures: Figures, cityFigures: Figures }} Shown */

export class PhotoDialog {
  /** @param {HTMLDialogElement} dialog @param {PhotoContext} context */
  constructor(dialog, context) {
    this.dialog = dialog;
    this.context = context;
    /** @type {number | null} */
    this.wanted = null;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {(() => void) | null} */
    this.removeMap = null;
    dialog.addEventListener("close", () => {
      if (this.wanted !== null) context.onPhoto(null);
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("keydown", ({ key }) => {
      const { previous = null, next = null } = this.shown?.photo.neighbours ?? {};
      const to = key === "ArrowLeft" ? previous : key === "ArrowRight" ? next : null;
      if (to !== null) context.onPhoto(to);
    });
  }

  /** @param {number | null} id */
  async open(id) {
    if (id === this.wanted) return;
    this.wanted = id;
    if (id === null) {
      this.shown = null;
      this.clearMap();
      if (this.dialog.open) this.dialog.close();
      return;
    }
    if (!this.dialog.open) {
      this.dialog.replaceChildren(
        this.closeButton(),
        element("div", { class: "photo-figure photo-waiting" }),
      );
      this.dialog.showModal();
    }
    try {
      const shown = await this.read(id);
      if (this.wanted !== id) return;
      this.shown = shown;
      this.render();
    } catch (error) {
      if (this.wanted === id) this.renderFailure(/** @type {Error} */ (error));
    }
  }

  /** @param {number} id @returns {Promise<Shown>} */
  async read(id) {
    const photo = await api.photo(id);
    const { layers } = this.context.page;
    const layer = layers.find((l) => !l.city && photo.areas[l.key])?.key ?? null;
    const area = layer ? (photo.areas[layer] ?? null) : null;
    const cityKey = layers.find((l) => l.city)?.key;
    const [list, city] = await Promise.all([
      layer ? this.context.figures(layer) : null,
      cityKey ? this.context.figures(cityKey) : null,
    ]);
    const found = list?.areas.find((a) => a.code === area?.code);
    return {
      photo,
      layer,
      area,
      areaFigures: found?.shown ? found.attributes : {},
      cityFigures: city?.areas[0]?.attributes ?? {},
    };
  }

  clearMap() {
    this.removeMap?.();
    this.removeMap = null;
  }

  /** Draws what is shown anew, for another language or attribute too. */
  render() {
    const { shown } = this;
    if (!shown) return;
    this.clearMap();
    keepFocus(this.dialog, () => {
      this.dialog.replaceChildren(this.closeButton(), this.figure(shown), this.side(shown));
    });
    if (!this.dialog.contains(document.activeElement)) this.dialog.focus();
    this.drawMap(shown);
  }

  /** @param {Error} error */
  renderFailure(error) {
    const words = this.context.words();
    const gone = error instanceof api.RequestFailed && error.status === 404;
    const text = gone
      ? words.t("photo.missing")
      : words.t("map.failed", { message: error.message });
    this.dialog.replaceChildren(this.closeButton(), element("p", { class: "notice" }, text));
  }

  closeButton() {
    return element("button", {
      type: "button",
      class: "close photo-close",
      "data-focus": "close",
      "aria-label": this.context.words().t("panel.close"),
      onclick: () => this.dialog.close(),
    });
  }

  /** @param {Shown} shown */
  figure({ photo, area }) {
    const words = this.context.words();
    const { page, onPhoto } = this.context;
    const drawn = page.demo ? "photo.alt.demo" : "photo.alt";
    const alt = area ? words.t(drawn, { place: area.name }) : words.t("photo.alt.plain");
    const step = (/** @type {"previous" | "next"} */ way) => {
      const id = photo.neighbours[way];
      return id === null
        ? null
        : element("button", {
            type: "button",
            class: `step step-${way}`,
            "data-focus": way,
            "aria-label": words.t(`photo.${way}`),
            onclick: () => onPhoto(id),
          });
    };
    return element(
      "figure",
      { class: "photo-figure" },
      photo.image
        ? element("img", { src: photo.image, alt, width: photo.width_px, height: photo.height_px })
        : element("p", { class: "photo-none" }, words.t("photo.none")),
      step("previous"),
      step("next"),
    );
  }

  /** @param {Shown} shown */
  side(shown) {
    const words = this.context.words();
    const { photo, area, areaFigures, cityFigures } = shown;
    const { page } = this.context;
    /** @type {Figures} */
    const own = {};
    for (const [key, mean] of Object.entries(photo.scores)) {
      if (mean !== undefined) own[key] = { n: 1, mean };
    }
    const marks = [
      { name: words.t("photo.city"), figures: cityFigures, className: "mark-city" },
      ...(area ? [{ name: area.name, figures: areaFigures, className: "mark-area" }] : []),
    ].filter((mark) => Object.keys(mark.figures).length > 0);
    return element(
      "div",
      { class: "photo-side" },
      element(
        "h2",
        {},
        area ? words.t("photo.in", { place: area.name }) : words.t("photo.outside"),
      ),
      page.demo ? element("p", { class: "demo-line" }, words.t("demo.line")) : null,
      element("h3", {}, words.t("photo.scores")),
      element("p", { class: "quiet" }, words.t("photo.scores.note")),
      bars({
        attributes: page.attributes,
        figures: own,
        spread: null,
        current: this.context.attribute(),
        marks,
        words,
      }),
      element(
        "p",
        { class: "mark-key" },
        marks.map((m) =>
          element("span", { class: "mark-name" }, element("i", { class: m.className }), m.name),
        ),
      ),
      element("h3", {}, words.t("photo.where")),
      element("div", { class: "mini", id: "mini", "aria-hidden": "true" }),
      this.facts(photo),
      element(
        "p",
        { class: "photo-links" },
        element("a", { href: this.context.mapAddress(photo) }, words.t("photo.on_map")),
        element("a", { href: this.nearAddress(photo) }, words.t("photo.near")),
        this.linkButton(photo),
      ),
      reportPart(photo.id, words),
    );
  }

  /** Of the photo alone, which opens wherever it is sent. @param {PhotoDetail} photo */
  address({ id }) {
    const query = new URLSearchParams({
      lang: this.context.words().lang,
      attribute: this.context.attribute(),
      photo: String(id),
    });
    return `${location.origin}/gallery?${query}`;
  }

  /** @param {PhotoDetail} photo */
  nearAddress({ lat, lon }) {
    const { lang } = this.context.words();
    const attribute = this.context.attribute();
    return `/gallery?lang=${lang}&attribute=${attribute}&order=nearest&near=${lon},${lat}`;
  }

  /** @param {PhotoDetail} photo */
  linkButton(photo) {
    const words = this.context.words();
    const button = element(
      "button",
      {
        type: "button",
        class: "link",
        "data-focus": "link",
        onclick: async () => {
          const done = await navigator.clipboard.writeText(this.address(photo)).then(
            () => true,
            () => false,
          );
          button.textContent = words.t(done ? "panel.copied" : "panel.copy_failed");
        },
      },
      words.t("photo.link"),
    );
    return button;
  }

  /** @param {PhotoDetail} photo */
  facts(photo) {
    const words = this.context.words();
    const lines = [];
    if (photo.heading_deg !== null) {
      const way = words.t(`direction.${direction(photo.heading_deg)}`);
      lines.push(words.t("photo.heading", { direction: way }));
    }
    if (photo.captured_at)
      lines.push(words.t("photo.captured", { date: words.date(photo.captured_at) }));
    lines.push(words.t("photo.source", { source: photo.attribution ?? photo.source }));
    if (photo.licence) lines.push(words.t("photo.licence", { licence: photo.licence }));
    return element(
      "ul",
      { class: "facts" },
      lines.map((line) => element("li", {}, line)),
    );
  }

  /** @param {Shown} shown */
  async drawMap({ photo, layer, area }) {
    // Thousands of areas are no file to fetch for so small a map.
    const isLarge = this.context.page.layers.some((each) => each.key === layer && each.tiles);
    const [{ miniMap }, shapes] = await Promise.all([
      import("../leaflet/mini.js"),
      layer && !isLarge ? this.context.outlines(layer) : null,
    ]);
    const container = this.dialog.querySelector("#mini");
    if (this.shown?.photo !== photo || !(container instanceof HTMLElement)) return;
    this.clearMap();
    const { basemap } = this.context.page;
    this.removeMap = miniMap(container, photo, { shapes, code: area?.code ?? null, basemap });
  }
}
