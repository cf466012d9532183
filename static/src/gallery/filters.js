// What a list is filtered by, beside its area: a panel of fields, and what is set as chips.

import { byId, element, keepFocus } from "../dom.js";
import { withRange } from "../ranges.js";

/** @import {Attribute} from "../types.d.ts" */
/** @import {Words} from "../words.js" */
/** @import {GalleryState} from "./state.js" */

/** @typedef {Pick<GalleryState, "only" | "from" | "to" | "batch" | "near" | "order">} Filters */

/**
 * @param {{ attributes: Attribute[], state: () => GalleryState, words: () => Words, onChange: (changes: Partial<Filters>) => void }} context
 */
export function filterPanel({ attributes, state, words, onChange }) {
  const panel = byId("more-filters");

  /** @param {string} key @param {"low" | "high"} end */
  function bound(key, end) {
    const other = end === "low" ? 0 : 10;
    const range = state().only.find((each) => each.attribute === key);
    return element("input", {
      type: "number",
      min: "0",
      max: "10",
      step: "0.1",
      inputmode: "decimal",
      autocomplete: "off",
      placeholder: String(other),
      value: range && range[end] !== other ? range[end] : "",
      "aria-label": words().t(end === "low" ? "gallery.range.low" : "gallery.range.high", {
        label: attributes.find((a) => a.key === key)?.label[words().lang] ?? key,
      }),
      "data-range": key,
      "data-end": end,
      "data-focus": `${key}-${end}`,
      onchange: () => changeRange(key),
    });
  }

  /** Two fields are one range; what is no range is said by the browser. @param {string} key */
  function changeRange(key) {
    const [low, high] = /** @type {HTMLInputElement[]} */ ([
      ...panel.querySelectorAll(`[data-range="${key}"]`),
    ]);
    if (!low || !high) return;
    high.setCustomValidity("");
    if (!low.reportValidity() || !high.reportValidity()) return;
    const from = low.value === "" ? 0 : Number(low.value);
    const to = high.value === "" ? 10 : Number(high.value);
    if (from >= to) {
      high.setCustomValidity(words().t("gallery.range.wrong"));
      high.reportValidity();
      return;
    }
    onChange({ only: withRange(state().only, key, [from, to]) });
  }

  /** @param {"from" | "to"} end */
  function day(end) {
    return field(
      end === "from" ? "gallery.from" : "gallery.to",
      element("input", {
        type: "date",
        autocomplete: "off",
        value: state()[end] ?? "",
        "data-focus": end,
        onchange: (/** @type {Event} */ event) => {
          const { value } = /** @type {HTMLInputElement} */ (event.target);
          const { from, to } = state();
          const [first, last] = end === "from" ? [value, to] : [from, value];
          const swapped = first && last && first > last;
          onChange(swapped ? { from: last, to: first } : { [end]: value || null });
        },
      }),
    );
  }

  function batch() {
    return field(
      "gallery.batch",
      element("input", {
        type: "number",
        min: "1",
        step: "1",
        autocomplete: "off",
        value: state().batch ?? "",
        "data-focus": "batch",
        onchange: (/** @type {Event} */ event) => {
          const input = /** @type {HTMLInputElement} */ (event.target);
          if (input.reportValidity()) onChange({ batch: Number(input.value) || null });
        },
      }),
    );
  }

  /** @param {string} key @param {HTMLElement} input */
  function field(key, input) {
    return element("label", { class: "filter" }, element("span", {}, words().t(key)), input);
  }

  return {
    render() {
      const ranges = attributes.map((attribute) =>
        element(
          "div",
          { class: "range" },
          element("span", {}, attribute.label[words().lang]),
          bound(attribute.key, "low"),
          element("i", { "aria-hidden": "true" }, "–"),
          bound(attribute.key, "high"),
        ),
      );
      keepFocus(panel, () =>
        panel.replaceChildren(
          element(
            "fieldset",
            { class: "ranges" },
            element("legend", {}, words().t("gallery.ranges")),
            ...ranges,
          ),
          element("div", { class: "days" }, day("from"), day("to"), batch()),
        ),
      );
    },
  };
}

/**
 * Each filter that is set, and how it is taken off.
 * @param {GalleryState} state @param {Attribute[]} attributes @param {Words} words
 * @returns {{ text: string, off: Partial<Filters> }[]}
 */
export function setFilters(state, attributes, words) {
  /** @type {{ text: string, off: Partial<Filters> }[]} */
  const found = [];
  if (state.near) {
    const off =
      state.order === "nearest"
        ? { near: null, order: /** @type {const} */ ("most") }
        : { near: null };
    found.push({ text: words.t("gallery.chip.near"), off });
  }
  for (const { attribute, low, high } of state.only) {
    const label = attributes.find((a) => a.key === attribute)?.label[words.lang] ?? attribute;
    const text = words.t("gallery.chip.range", {
      label,
      low: words.number(low),
      high: words.number(high),
    });
    found.push({ text, off: { only: withRange(state.only, attribute, null) } });
  }
  const date = (/** @type {string} */ day) => words.date(`${day}T12:00:00`);
  if (state.from) {
    found.push({
      text: words.t("gallery.chip.from", { date: date(state.from) }),
      off: { from: null },
    });
  }
  if (state.to) {
    found.push({ text: words.t("gallery.chip.to", { date: date(state.to) }), off: { to: null } });
  }
  if (state.batch) {
    found.push({ text: words.t("gallery.chip.batch", { n: state.batch }), off: { batch: null } });
  }
  return found;
}
