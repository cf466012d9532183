// What a list is filtered by, beside its area: a panel of fields, and what is set as chips.

import { byId, element, keepFocus } from "../dom.js";
import { rangeFields } from "../range-fields.js";
import { withRange } from "../ranges.js";

/** @import {Attribute} from "../types.d.ts" */
/** @import {Words} from "../words.js" */
/** @import {GalleryState} from "./state.js" */

/** way: to where it is seen better. @typedef {{ text: string, off: Partial<Filters>, way?: { href: string, text: string } }} SetFilter */
/** @typedef {Pick<GalleryState, "only" | "from" | "to" | "batch" | "near" | "zone" | "order">} Filters */

/** @type {Partial<GalleryState>} */
export const ALL_OFF = {
  layer: null,
  area: null,
  only: [],
  from: null,
  to: null,
  batch: null,
  near: null,
  zone: null,
};

/**
 * @param {{ attributes: Attribute[], state: () => GalleryState, words: () => Words, onChange: (changes: Partial<Filters>) => void }} context
 */
export function filterPanel({ attributes, state, words, onChange }) {
  const panel = byId("more-filters");

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
      const ranges = rangeFields({
        attributes,
        ranges: state().only,
        words: words(),
        onChange: (only) => onChange({ only }),
      });
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
 * @returns {SetFilter[]}
 */
export function setFilters(state, attributes, words) {
  /** @type {SetFilter[]} */
  const found = [];
  if (state.zone) {
    found.push({
      text: words.t("gallery.chip.zone"),
      off: { zone: null },
      way: { href: onMap(state, state.zone), text: words.t("photo.on_map") },
    });
  }
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

/** @param {SetFilter[]} set @param {Words} words @param {(off: Partial<Filters>) => void} onOff @returns {Node[]} */
export function chips(set, words, onOff) {
  return set.flatMap(({ text, off, way }) => [
    element(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-label": words.t("gallery.chip.off", { text }),
        onclick: () => onOff(off),
      },
      text,
    ),
    ...(way ? [element("a", { class: "chip-way", href: way.href }, way.text)] : []),
  ]);
}

/** @param {GalleryState} state @param {string} zone */
function onMap({ lang, attribute, release }, zone) {
  const query = new URLSearchParams({ lang, attribute, zone });
  if (release) query.set("release", release);
  return `/?${query}`;
}
