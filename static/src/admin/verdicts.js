// The table of files with their verdicts, and the filter above it.

import { byId, element } from "../dom.js";
import { thumbnail } from "./api.js";

/** @import {Upload, VerdictName} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

const SHOWN_AT_ONCE = 100;
/** @type {("all" | VerdictName)[]} */
const FILTERS = ["all", "accepted", "held", "duplicate", "rejected"];

export class Verdicts {
  /** @param {number} batch @param {AdminWords} words @param {(upload: Upload) => void} onTakeDown */
  constructor(batch, words, onTakeDown) {
    this.batch = batch;
    this.onTakeDown = onTakeDown;
    this.words = words;
    /** @type {Map<number, Upload>} by id, in the order in which they came */
    this.uploads = new Map();
    /** @type {"all" | VerdictName} */
    this.filter = "all";
    this.shown = SHOWN_AT_ONCE;
    this.pending = false;
    byId("more").addEventListener("click", () => {
      this.shown += SHOWN_AT_ONCE;
      this.draw();
    });
  }

  /** Adds files, or what is new of those that are there. @param {Upload[]} uploads */
  add(uploads) {
    for (const upload of uploads) this.uploads.set(upload.id, upload);
    if (this.pending) return;
    // Many answers a second are one drawing.
    this.pending = true;
    setTimeout(() => {
      this.pending = false;
      this.draw();
    }, 150);
  }

  draw() {
    const all = [...this.uploads.values()].reverse();
    const chosen = this.filter === "all" ? all : all.filter((u) => u.verdict === this.filter);
    this.#drawFilters(all);
    byId("rows").replaceChildren(...chosen.slice(0, this.shown).map((upload) => this.#row(upload)));
    byId("more").hidden = chosen.length <= this.shown;
    const empty = byId("no-files");
    empty.hidden = chosen.length > 0;
    empty.textContent = this.words.t(all.length === 0 ? "files.none" : "files.none_such");
  }

  /** @param {Upload[]} all */
  #drawFilters(all) {
    const buttons = FILTERS.map((filter) => {
      const n = filter === "all" ? all.length : all.filter((u) => u.verdict === filter).length;
      const label = this.words.t(filter === "all" ? "files.all" : `verdicts.${filter}`);
      const choose = () => {
        this.filter = filter;
        this.shown = SHOWN_AT_ONCE;
        this.draw();
        this.#focus(filter);
      };
      return element(
        "button",
        {
          type: "button",
          "data-filter": filter,
          "aria-pressed": String(filter === this.filter),
          onclick: choose,
        },
        `${label} ${this.words.number(n)}`,
      );
    });
    const focused = document.activeElement?.getAttribute("data-filter");
    byId("verdicts").replaceChildren(...buttons);
    if (focused) this.#focus(focused);
  }

  /** @param {string} filter */
  #focus(filter) {
    const button = byId("verdicts").querySelector(`[data-filter="${filter}"]`);
    if (button instanceof HTMLElement) button.focus();
  }

  /** @param {Upload} upload */
  #takeDown(upload) {
    const { words } = this;
    return element(
      "button",
      {
        type: "button",
        class: "link",
        "aria-label": words.t("removal.photo", { path: upload.path }),
        onclick: () => this.onTakeDown(upload),
      },
      words.t("removal.photo.yes"),
    );
  }

  /** @param {Upload} upload */
  #row(upload) {
    const { words } = this;
    const photo = upload.photo_id;
    const link =
      photo !== null &&
      element(
        "a",
        { href: `/?photo=${photo}&lang=${words.lang}` },
        words.t("files.see", { id: photo }),
      );
    const image =
      photo === null
        ? element("div", { class: "no-thumbnail" })
        : element("img", {
            src: thumbnail(this.batch, upload),
            alt: "",
            loading: "lazy",
            width: 56,
            height: 42,
          });
    const state =
      upload.verdict === "accepted" &&
      upload.reason === null &&
      words.t(upload.scored ? "files.scored" : "files.unscored");
    const why = [state && `${state}.`, words.why(upload)].filter(Boolean).join(" ");
    return element(
      "tr",
      { "data-upload": upload.id },
      element("td", {}, image),
      element("td", { title: upload.path }, upload.path),
      element(
        "td",
        {},
        element(
          "span",
          { class: `tag verdict-${upload.verdict}` },
          words.t(`verdict.${upload.verdict}`),
        ),
      ),
      element("td", {}, why, why && link ? " " : null, link || null),
      element("td", {}, upload.verdict === "accepted" && photo !== null && this.#takeDown(upload)),
    );
  }
}
