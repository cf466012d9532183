// What is known of one area, one square or one drawn zone.

import { bars } from "../bars.js";
import { element, keepFocus } from "../dom.js";
import { failedText } from "../failures.js";
import { photoCard } from "../photo/card.js";
import { Distribution } from "./distribution.js";
import {
  emptyText,
  figuresOf,
  keyOf,
  nameOf,
  photosOf,
  placeOf,
  reasonOf,
  refusalOf,
  titleOf,
} from "./subject.js";
import { citation, photoHeadings, sentenceOf } from "./wording.js";

/** @import {Attribute, Bbox, PageData, Photo, Release} from "../types.d.ts" */
/** @import {Words} from "../words.js" */
/** @import {AreaSubject, Refused, Subject, ZoneSubject} from "./subject.js" */

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
    /** @type {Subject | Refused | null} */
    this.subject = null;
    /** Photos by attribute, of the subject that is shown. @type {Map<string, Promise<Photo[][]>>} */
    this.photos = new Map();
    this.distribution = new Distribution(context);
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      // The page's own Escape would end what lies below the panel as well.
      event.stopPropagation();
      context.onClose();
    });
  }

  /** @param {Subject | Refused | null} subject */
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
  facts(subject) {
    const words = this.context.words();
    const { n, attributes } = figuresOf(subject);
    const attribute = this.context.attribute();
    const figure = attributes[attribute.key];
    const size =
      subject.kind === "zone"
        ? words.t("panel.zone.size", { km2: words.number(subject.zone.area_km2) })
        : null;
    const rank =
      figure?.rank && figure.of
        ? words.t("panel.rank", {
            rank: figure.rank,
            of: figure.of,
            most: words.t(`most.${attribute.key}`),
          })
        : null;
    return [words.count("panel.count", n), size, rank].filter(Boolean).join(" · ");
  }

  /** @param {Subject | Refused} subject */
  head(subject) {
    const words = this.context.words();
    return element(
      "header",
      { class: "panel-head" },
      element(
        "div",
        {},
        element("h2", {}, titleOf(words, subject)),
        subject.kind === "refused" ? null : element("p", { class: "quiet" }, this.facts(subject)),
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

  /** @param {Subject | Refused} subject */
  body(subject) {
    const words = this.context.words();
    if (subject.kind === "refused") {
      return [element("p", { class: "notice" }, refusalOf(words, subject))];
    }
    const { n, attributes: figures } = figuresOf(subject);
    if (n === 0) return [element("p", { class: "notice" }, emptyText(words, subject))];
    if (reasonOf(words, subject)) return [this.sentence(subject), this.photoSection(subject)];
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
      this.distribution.of(subject),
      this.photoSection(subject),
    ];
  }

  /** @param {Subject} subject */
  sentence(subject) {
    const words = this.context.words();
    const reason = reasonOf(words, subject);
    if (reason) return element("p", { class: "notice" }, reason);
    const attribute = this.context.attribute();
    const figure = figuresOf(subject).attributes[attribute.key];
    const release = this.context.release();
    if (!figure || !release) return element("p", { class: "notice" }, words.t("tip.unscored"));
    const text = sentenceOf(words, nameOf(words, subject), attribute.key, figure.mean);
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
      subject.kind === "cell"
        ? null
        : element(
            "a",
            { class: "button button-quiet", href: this.galleryAddress(subject) },
            words.t(subject.kind === "zone" ? "panel.zone.photos" : "panel.all"),
          ),
      subject.kind === "area"
        ? null
        : element(
            "button",
            {
              type: "button",
              class: "button button-quiet",
              "data-focus": "zoom",
              onclick: () => this.context.onZoom(figuresOf(subject).bbox),
            },
            words.t("panel.zoom"),
          ),
    );
    this.fillPhotos(subject, section);
    return section;
  }

  /** @param {AreaSubject | ZoneSubject} subject */
  galleryAddress(subject) {
    const query = new URLSearchParams({
      lang: this.context.words().lang,
      attribute: this.context.attribute().key,
      ...placeOf(subject),
    });
    const release = this.context.releaseName();
    if (release) query.set("release", release);
    return `/gallery?${query}`;
  }

  /** @param {Subject} subject @param {HTMLElement} section */
  async fillPhotos(subject, section) {
    const words = this.context.words();
    const attribute = this.context.attribute();
    const known =
      this.photos.get(attribute.key) ?? photosOf(subject, attribute.key, PHOTOS_A_COLUMN);
    this.photos.set(attribute.key, known);
    const columns = await known.catch((error) => {
      this.photos.delete(attribute.key);
      const text = element("p", { class: "quiet footnote" }, failedText(error, words));
      section.querySelector(".photo-columns")?.replaceWith(text);
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
