// The same figures as the map's, as a table that can be sorted.

import { colourOf } from "../colour.js";
import { element, keepFocus } from "../dom.js";
import { scaleOf } from "../scale.js";
import { withInterval } from "./wording.js";

/** @import {Area, Attribute, AreaList, Layer} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/**
 * @typedef {object} TableModel
 * @property {Words} words
 * @property {Attribute[]} attributes
 * @property {string} attribute
 * @property {Layer} layer
 * @property {AreaList} list
 * @property {number} spread
 * @property {boolean} demo
 */

/**
 * Areas in the order of a column; those without a figure come last either way.
 * @param {Area[]} areas @param {string} column "name", "n" or an attribute
 * @param {boolean} down @param {Intl.Collator} collator
 */
export function sorted(areas, column, down, collator) {
  const sign = down ? -1 : 1;
  const value = (/** @type {Area} */ area) =>
    column === "n" ? area.n : area.shown ? area.attributes[column]?.mean : undefined;
  return [...areas].sort((a, b) => {
    const byName = collator.compare(a.name, b.name);
    if (column === "name") return sign * byName;
    const [left, right] = [value(a), value(b)];
    if (left === undefined || right === undefined) {
      return Number(left === undefined) - Number(right === undefined) || byName;
    }
    return sign * (left - right) || byName;
  });
}

export class TableView {
  /** @param {HTMLDialogElement} dialog @param {{ onPick: (code: string) => void, onClose: () => void }} handlers */
  constructor(dialog, handlers) {
    this.dialog = dialog;
    this.handlers = handlers;
    /** null: the attribute that is shown, whichever it is. @type {string | null} */
    this.column = null;
    this.down = true;
    /** @type {TableModel | null} */
    this.model = null;
    dialog.addEventListener("close", () => handlers.onClose());
  }

  /** @param {TableModel | null} model null closes */
  show(model) {
    this.model = model;
    if (!model) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    this.render();
    if (!this.dialog.open) this.dialog.showModal();
  }

  render() {
    const { model } = this;
    if (!model) return;
    const { words, attributes, attribute, demo } = model;
    const label = attributes.find((a) => a.key === attribute)?.label[words.lang] ?? "";
    keepFocus(this.dialog, () => {
      this.dialog.replaceChildren(
        element(
          "header",
          { class: "table-head" },
          element(
            "div",
            {},
            element("h2", { id: "table-title" }, words.t("table.title")),
            demo ? element("p", { class: "demo-line" }, words.t("demo.line")) : null,
            element("p", { class: "quiet", id: "table-note" }, words.t("table.caption", { label })),
          ),
          element("button", {
            type: "button",
            class: "close",
            "data-focus": "close",
            "aria-label": words.t("table.close"),
            onclick: () => this.dialog.close(),
          }),
        ),
        element(
          "div",
          {
            class: "table-scroll",
            tabindex: "0",
            role: "region",
            "aria-labelledby": "table-title",
          },
          this.table(model),
        ),
      );
    });
  }

  /** @param {TableModel} model */
  table(model) {
    const { words, attributes, attribute, layer, list } = model;
    const columns = [
      { key: "name", text: layer.label[words.lang], number: false },
      { key: "n", text: words.t("table.n"), number: true },
      ...attributes.map((a) => ({ key: a.key, text: a.label[words.lang], number: true })),
    ];
    return element(
      "table",
      { class: "table", "aria-labelledby": "table-title", "aria-describedby": "table-note" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          columns.map((column) => this.headCell(column, model)),
        ),
      ),
      element(
        "tbody",
        {},
        sorted(list.areas, this.column ?? attribute, this.down, words.collator).map((area) =>
          this.row(area, model),
        ),
      ),
    );
  }

  /** @param {{ key: string, text: string, number: boolean }} column @param {TableModel} model */
  headCell({ key, text, number }, { words, attribute }) {
    const isSorted = (this.column ?? attribute) === key;
    return element(
      "th",
      {
        scope: "col",
        class: `${number ? "number" : ""} ${key === attribute ? "is-current" : ""}`,
        "aria-sort": isSorted ? (this.down ? "descending" : "ascending") : "none",
      },
      element(
        "button",
        {
          type: "button",
          "data-focus": `sort-${key}`,
          title: words.t("table.sort", { column: text }),
          onclick: () => {
            this.down = isSorted ? !this.down : key !== "name";
            this.column = key === attribute ? null : key;
            this.render();
          },
        },
        text,
      ),
    );
  }

  /** @param {Area} area @param {TableModel} model */
  row(area, { words, attributes, attribute, spread }) {
    const missing = area.n === 0 ? words.t("table.none") : words.t("table.few");
    const cells = attributes.map((a) => {
      const figure = area.attributes[a.key];
      if (!figure) return element("td", { class: "number" }, "—");
      const isCurrent = a.key === attribute;
      const colour = colourOf(scaleOf(a, spread), figure.mean);
      return element(
        "td",
        { class: isCurrent ? "number is-current" : "number" },
        element("i", { class: "cell-colour", style: { background: colour } }),
        isCurrent ? withInterval(words, figure) : words.score(figure.mean),
      );
    });
    return element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        element(
          "button",
          { type: "button", class: "link", onclick: () => this.handlers.onPick(area.code) },
          area.name,
        ),
      ),
      element("td", { class: "number" }, words.number(area.n)),
      area.shown ? cells : element("td", { class: "missing", colspan: attributes.length }, missing),
    );
  }
}
