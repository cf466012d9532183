// One release beside another: what would change by attribute, by area, by photo.

import { byId, element, keepFocus } from "../dom.js";
import { compare, RequestFailed } from "./api.js";

/** @import {Attribute} from "../types.d.ts" */
/** @import {AreaMove, Comparison, PhotoMove, ReleasePageData} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

/** @param {ReleasePageData} data @param {AdminWords} words */
export function start(data, words) {
  const page = new ComparisonPage(data, words);
  if (data.others.length === 0) page.say(words.t("compare.alone"));
  else page.compare();
}

class ComparisonPage {
  /** @param {ReleasePageData} data @param {AdminWords} words */
  constructor(data, words) {
    this.data = data;
    this.words = words;
    this.scores = new Intl.NumberFormat(words.lang === "es" ? "es-CL" : "en-GB", {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    this.correlations = new Intl.NumberFormat(words.lang === "es" ? "es-CL" : "en-GB", {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    });
    this.current = data.attributes[0]?.key ?? "";
    /** @type {Comparison | null} */
    this.comparison = null;
    this.select = /** @type {HTMLSelectElement} */ (byId("with"));
    byId("with-field").hidden = data.others.length === 0;
    for (const other of data.others) {
      const selected = other === data.active;
      this.select.append(element("option", { value: other, selected }, other));
    }
    this.select.addEventListener("change", () => this.compare());
  }

  async compare() {
    const other = this.select.value;
    this.say(this.words.t("compare.waiting"));
    try {
      const comparison = await compare(this.data.release.name, other);
      // Another one may have been asked for meanwhile.
      if (other !== this.select.value) return;
      this.comparison = comparison;
      this.draw();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const message = error.status === 0 ? this.words.t("error.network") : error.message;
      this.say(this.words.t("error", { message }));
    }
  }

  /** @param {string} text */
  say(text) {
    byId("comparison").replaceChildren(element("p", { class: "quiet" }, text));
  }

  draw() {
    const { words, comparison } = this;
    if (!comparison) return;
    if (comparison.n === 0) {
      this.say(words.t("compare.none"));
      return;
    }
    keepFocus(byId("comparison"), () => {
      byId("comparison").replaceChildren(
        element("p", { class: "quiet" }, this.#counted(comparison)),
        element("div", { class: "table-scroll" }, this.#agreements(comparison)),
        element("p", { class: "quiet" }, words.t("compare.correlation.note")),
        ...comparison.layers.map((layer) =>
          element(
            "section",
            { class: "compare-part" },
            element("h3", {}, words.t("compare.areas", { layer: layer.label[words.lang] })),
            this.#areas(layer.areas, layer.moves[this.current] ?? []),
          ),
        ),
        element(
          "section",
          { class: "compare-part" },
          element("h3", {}, words.t("compare.most")),
          this.#photos(comparison.photos[this.current] ?? []),
        ),
      );
    });
  }

  /** @param {Comparison} comparison */
  #counted({ n, only_before, only_after, release, other }) {
    const { words } = this;
    const sentences = [words.count("compare.photos", n)];
    for (const [more, name] of /** @type {const} */ ([
      [only_before, other],
      [only_after, release],
    ])) {
      if (more > 0) sentences.push(words.t("compare.only", { n: words.number(more), name }));
    }
    return sentences.join(" ");
  }

  /** Each name is a button that shows the areas and photos of its attribute. @param {Comparison} comparison */
  #agreements({ attributes }) {
    const { words } = this;
    const heads = ["attribute", "correlation", "mean", "move"].map((key, index) =>
      element(
        "th",
        { scope: "col", class: index > 0 ? "number" : null },
        words.t(`compare.${key}`),
      ),
    );
    const rows = this.data.attributes.map((attribute) => {
      const of = attributes[attribute.key];
      const cells = of
        ? [
            of.rank_correlation === null ? "–" : this.correlations.format(of.rank_correlation),
            this.#change(of.mean_before, of.mean_after),
            this.scores.format(of.move),
          ]
        : ["–", "–", "–"];
      return element(
        "tr",
        { class: attribute.key === this.current ? "is-current" : null },
        element("th", { scope: "row" }, this.#choice(attribute)),
        ...cells.map((cell) => element("td", { class: "number" }, cell)),
      );
    });
    return element(
      "table",
      { class: "table agreements" },
      element("thead", {}, element("tr", {}, heads)),
      element("tbody", {}, rows),
    );
  }

  /** @param {Attribute} attribute */
  #choice({ key, label }) {
    return element(
      "button",
      {
        type: "button",
        class: "link",
        "aria-pressed": String(key === this.current),
        "data-focus": key,
        onclick: () => {
          this.current = key;
          this.draw();
        },
      },
      label[this.words.lang],
    );
  }

  /** @param {number} before @param {number} after */
  #change(before, after) {
    return this.words.t("compare.change", {
      before: this.scores.format(before),
      after: this.scores.format(after),
    });
  }

  /** @param {number} shown @param {AreaMove[]} moves */
  #areas(shown, moves) {
    const { words } = this;
    if (moves.length === 0) {
      const why = shown === 0 ? "compare.areas.few" : "compare.areas.none";
      return element("p", { class: "quiet" }, words.t(why));
    }
    const heads = ["area", "rank", "mean"].map((key, index) =>
      element(
        "th",
        { scope: "col", class: index > 0 ? "number" : null },
        words.t(`compare.${key}`),
      ),
    );
    const rows = moves.map((move) => {
      const rank = words.t("compare.rank.of", {
        before: move.rank_before,
        after: move.rank_after,
        of: move.of,
      });
      return element(
        "tr",
        {},
        element("th", { scope: "row" }, move.name),
        element("td", { class: "number" }, rank),
        element("td", { class: "number" }, this.#change(move.mean_before, move.mean_after)),
      );
    });
    return element(
      "div",
      { class: "table-scroll" },
      element(
        "table",
        { class: "table moves" },
        element("thead", {}, element("tr", {}, heads)),
        element("tbody", {}, rows),
      ),
    );
  }

  /** @param {PhotoMove[]} moves */
  #photos(moves) {
    const { words } = this;
    if (moves.length === 0) return element("p", { class: "quiet" }, words.t("compare.most.none"));
    return element(
      "ul",
      { class: "moved-photos" },
      moves.map(({ id, before, after, thumbnail }) =>
        element(
          "li",
          {},
          element(
            "a",
            { href: `/?lang=${words.lang}&photo=${id}` },
            thumbnail
              ? element("img", {
                  src: thumbnail,
                  alt: words.t("compare.photo", { id }),
                  loading: "lazy",
                })
              : element("span", { class: "no-thumbnail" }, words.t("compare.no_image", { id })),
            element("span", { class: "moved-change" }, this.#change(before, after)),
          ),
        ),
      ),
    );
  }
}
