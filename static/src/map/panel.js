// What is known of one area or one square.

import * as api from "../api.js";
import { bars } from "../bars.js";
import { element, keepFocus } from "../dom.js";
import { cellBbox, cellSideM } from "../geometry.js";
import { photoCard } from "../photo/card.js";
import { citation, photoHeadings, sentenceOf } from "./wording.js";

/** @import {Area, Attribute, Bbox, CellDetail, Figures, Layer, PageData, Photo, Release} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/**
 * @typedef {{ kind: "area", layer: Layer, area: Area, floor: { photos: number, cells: number }, spread: number }
 *   | { kind: "cell", cell: CellDetail, spread: number }} Subject
 */

/**
 * @typedef {object} PanelContext
 * @property {PageData} page
 * @property {() => Words} words
 * @property {() => Attribute} attribute
 * @property {() => Release | null} release
 * @property {() => string | null} releaseName as the address asks for it
 * @property {(key: string) => void} onAttribute
 * @property {(id: number) => void} onPhoto
 * @property {() => void} onClose
 * @property {(box: Bbox) => void} onZoom
 */

const PHOTOS_A_COLUMN = 3;
const COPIED_MS = 2000;

export class Panel {
  /** @param {HTMLElement} root @param {PanelContext} context */
  constructor(root, context) {
    this.root = root;
    this.context = context;
    /** @type {Subject | null} */
    this.subject = null;
    /** Photos by attribute, of the subject that is shown. @type {Map<string, Promise<Photo[][]>>} */
    this.photos = new Map();
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") context.onClose();
    });
  }

  /** @param {Subject | null} subject */
  show(subject) {
    if (keyOf(subject) !== keyOf(this.subject)) {
      this.photos.clear();
      this.root.scrollTop = 0;
    }
    this.subject = subject;
    this.root.hidden = subject === null;
    this.render();
  }

  render() {
    const { subject } = this;
    if (!subject) return this.root.replaceChildren();
    keepFocus(this.root, () => {
      this.root.replaceChildren(this.head(subject), ...this.body(subject));
    });
  }

  /** @param {Subject} subject */
  head(subject) {
    const words = this.context.words();
    const { n } = subject.kind === "area" ? subject.area : subject.cell;
    const attribute = this.context.attribute();
    const figure = figuresOf(subject)[attribute.key];
    const rank =
      figure?.rank && figure.of
        ? words.t("panel.rank", {
            rank: figure.rank,
            of: figure.of,
            most: words.t(`most.${attribute.key}`),
          })
        : null;
    return element(
      "header",
      { class: "panel-head" },
      element(
        "div",
        {},
        element("h2", {}, this.title(subject)),
        element(
          "p",
          { class: "quiet" },
          [words.count("panel.count", n), rank].filter(Boolean).join(" · "),
        ),
      ),
      element("button", {
        type: "button",
        class: "close",
        "data-focus": "close",
        "aria-label": words.t("panel.close"),
        onclick: this.context.onClose,
      }),
    );
  }

  /** @param {Subject} subject */
  title(subject) {
    if (subject.kind === "area") return subject.area.name;
    const words = this.context.words();
    return words.t("panel.cell", { size: words.distance(cellSideM(subject.cell)) });
  }

  /** @param {Subject} subject */
  body(subject) {
    const words = this.context.words();
    const { n } = subject.kind === "area" ? subject.area : subject.cell;
    if (n === 0) return [element("p", { class: "notice" }, this.emptyText(subject))];
    const figures = figuresOf(subject);
    const hasInterval = Object.values(figures).some((f) => f?.ci95);
    return [
      this.sentence(subject),
      element("h3", { class: "visually-hidden" }, words.t("panel.bars")),
      bars({
        attributes: this.context.page.attributes,
        figures,
        spread: subject.spread,
        current: this.context.attribute().key,
        onSwitch: this.context.onAttribute,
        words,
      }),
      element(
        "p",
        { class: "quiet footnote" },
        words.t(hasInterval ? "panel.interval" : "panel.centre"),
      ),
      this.photoSection(subject),
    ];
  }

  /** @param {Subject} subject */
  emptyText(subject) {
    const words = this.context.words();
    return subject.kind === "area"
      ? words.t("panel.none", { name: subject.area.name })
      : words.t("panel.no_photos");
  }

  /** @param {Subject} subject */
  sentence(subject) {
    const words = this.context.words();
    if (subject.kind === "area" && !subject.area.shown) {
      const { area, floor } = subject;
      const key = area.reason === "few-cells" ? "panel.few.cells" : "panel.few";
      return element("p", { class: "notice" }, words.t(key, { n: words.number(area.n), ...floor }));
    }
    const attribute = this.context.attribute();
    const figure = figuresOf(subject)[attribute.key];
    const release = this.context.release();
    if (!figure || !release) return element("p", { class: "notice" }, words.t("tip.unscored"));
    const name = subject.kind === "area" ? subject.area.name : null;
    const text = sentenceOf(words, name, attribute.key, figure.mean);
    const copy = element(
      "button",
      { type: "button", class: "link copy", "data-focus": "copy" },
      words.t("panel.copy"),
    );
    copy.addEventListener("click", async () => {
      const done = await navigator.clipboard.writeText(citation(words, text, figure, release)).then(
        () => "panel.copied",
        () => "panel.copy_failed",
      );
      copy.textContent = words.t(done);
      setTimeout(() => {
        copy.textContent = this.context.words().t("panel.copy");
      }, COPIED_MS);
    });
    return element("div", { class: "quote" }, element("p", {}, `${text}.`), copy);
  }

  /** @param {Subject} subject */
  photoSection(subject) {
    const words = this.context.words();
    const attribute = this.context.attribute();
    const columns = photoHeadings(words, attribute).map(([order, heading]) =>
      element(
        "section",
        { class: "photo-column" },
        element("h4", {}, heading),
        element(
          "div",
          { class: "photo-stack", "data-order": order, "aria-busy": "true" },
          placeholders(),
        ),
      ),
    );
    const section = element(
      "section",
      { class: "panel-photos" },
      element("h3", { class: "visually-hidden" }, words.t("panel.photos")),
      element("div", { class: "photo-columns" }, columns),
      subject.kind === "area"
        ? element(
            "a",
            { class: "button button-quiet", href: this.galleryAddress(subject) },
            words.t("panel.all"),
          )
        : element(
            "button",
            {
              type: "button",
              class: "button button-quiet",
              "data-focus": "zoom",
              onclick: () => this.context.onZoom(subject.cell.bbox),
            },
            words.t("panel.zoom"),
          ),
    );
    this.fillPhotos(subject, section);
    return section;
  }

  /** @param {Extract<Subject, { kind: "area" }>} subject */
  galleryAddress({ layer, area }) {
    const query = new URLSearchParams({
      lang: this.context.words().lang,
      attribute: this.context.attribute().key,
      layer: layer.key,
      area: area.code,
    });
    const release = this.context.releaseName();
    if (release) query.set("release", release);
    return `/gallery?${query}`;
  }

  /** @param {Subject} subject @param {HTMLElement} section */
  async fillPhotos(subject, section) {
    const words = this.context.words();
    const attribute = this.context.attribute();
    const known = this.photos.get(attribute.key) ?? fetchPhotos(subject, attribute.key);
    this.photos.set(attribute.key, known);
    const columns = await known.catch(() => {
      this.photos.delete(attribute.key);
      return null;
    });
    section.querySelectorAll(".photo-stack").forEach((stack, i) => {
      stack.removeAttribute("aria-busy");
      const cards = (columns?.[i] ?? []).map((photo) =>
        photoCard(photo, { attribute, words, onOpen: this.context.onPhoto }),
      );
      stack.replaceChildren(...cards);
    });
  }
}

function placeholders() {
  return Array.from({ length: PHOTOS_A_COLUMN }, () =>
    element("span", { class: "photo-card photo-waiting" }),
  );
}

/** @param {Subject | null} subject */
function keyOf(subject) {
  if (!subject) return "";
  if (subject.kind === "area") return `${subject.layer.key}/${subject.area.code}`;
  return `${subject.cell.z}/${subject.cell.x}/${subject.cell.y}`;
}

/** @param {Subject} subject @returns {Figures} */
function figuresOf(subject) {
  return subject.kind === "area" ? subject.area.attributes : subject.cell.attributes;
}

/** The first photos of the three orders; one photo is never shown twice. @param {Subject} subject @param {string} attribute */
async function fetchPhotos(subject, attribute) {
  const where =
    subject.kind === "area"
      ? { layer: subject.layer.key, area: subject.area.code }
      : { bbox: cellBbox(subject.cell).join(",") };
  const pages = await Promise.all(
    ["most", "typical", "least"].map((order) =>
      api.photos({ ...where, attribute, order, limit: PHOTOS_A_COLUMN }),
    ),
  );
  const seen = new Set();
  return pages.map(({ photos }) =>
    photos.filter(({ id }) => {
      const isNew = !seen.has(id);
      seen.add(id);
      return isNew;
    }),
  );
}
