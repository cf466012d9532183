// Bars of how often which score occurs, over the colour bar; each is a button that filters.

import { drawing, element } from "../dom.js";

const WIDTH = 320;
const HEIGHT = 44;

/** @typedef {[first: number, last: number]} Stretch bars, both ends included */

/**
 * @typedef {object} HistogramModel
 * @property {string} label of all bars together
 * @property {number[]} counts left to right
 * @property {number[] | null} reference the same of others, drawn as a line of shares
 * @property {Stretch | null} selected
 * @property {((bar: number) => string) | null} labelOf what a bar stands for; null: bars filter nothing
 * @property {(stretch: Stretch | null) => void} onSelect
 */

/** @param {number[]} counts */
function shares(counts) {
  const all = counts.reduce((sum, n) => sum + n, 0);
  return counts.map((n) => (all === 0 ? 0 : n / all));
}

/**
 * Bars, and a line of steps over them, both as shares.
 * @param {number[]} counts @param {number[] | null} reference @param {Stretch | null} selected
 * @param {number} height
 */
export function chart(counts, reference, selected, height = HEIGHT) {
  const bars = shares(counts);
  const line = reference ? shares(reference) : [];
  const most = Math.max(1e-9, ...bars, ...line);
  const step = WIDTH / counts.length;
  const top = (/** @type {number} */ share) => height - (share / most) * (height - 1);
  const parts = bars.map((share, i) => {
    const tall = share === 0 ? 0 : Math.max(2, height - top(share));
    const isOut = selected !== null && (i < selected[0] || i > selected[1]);
    return drawing("rect", {
      class: isOut ? "is-out" : null,
      x: i * step + 0.75,
      y: height - tall,
      width: step - 1.5,
      height: tall,
      rx: 1,
    });
  });
  const path = line.map((share, i) => `${i * step} ${top(share)}H${(i + 1) * step}`).join("L");
  if (path) parts.push(drawing("path", { class: "reference", d: `M${path}` }));
  return drawing(
    "svg",
    {
      class: "histogram",
      viewBox: `0 0 ${WIDTH} ${height}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    parts,
  );
}

/**
 * The stretch after a click on a bar: it alone, or nothing if it was that already; with shift, all
 * from what was chosen up to it.
 * @param {Stretch | null} before @param {number} bar @param {boolean} extends_ @returns {Stretch | null}
 */
export function clicked(before, bar, extends_) {
  if (before && extends_) return [Math.min(before[0], bar), Math.max(before[1], bar)];
  return before && before[0] === bar && before[1] === bar ? null : [bar, bar];
}

/** @param {HistogramModel} model */
export function histogram(model) {
  const { counts, reference, selected, labelOf } = model;
  const svg = chart(counts, reference, selected);
  if (!labelOf) return element("div", { class: "bins" }, svg);
  const most = counts.indexOf(Math.max(...counts));
  const inTabOrder = selected?.[0] ?? most;
  const buttons = counts.map((_, i) =>
    element("button", {
      type: "button",
      class: "bin",
      "data-focus": `bin-${i}`,
      tabindex: i === inTabOrder ? "0" : "-1",
      "aria-pressed": String(selected !== null && i >= selected[0] && i <= selected[1]),
      "aria-label": labelOf(i),
      title: labelOf(i),
    }),
  );
  const group = element("div", { class: "bin-row", role: "group", "aria-label": model.label }, [
    ...buttons,
  ]);
  listen(group, buttons, model);
  return element("div", { class: "bins" }, svg, group);
}

/** Click, drag and arrows. @param {HTMLElement} group @param {HTMLElement[]} buttons @param {HistogramModel} model */
function listen(group, buttons, { selected, onSelect }) {
  /** @type {number | null} */
  let from = null;
  let to = 0;
  const barAt = (/** @type {number} */ clientX) => {
    const { left, width } = group.getBoundingClientRect();
    const bar = Math.floor(((clientX - left) / width) * buttons.length);
    return Math.min(buttons.length - 1, Math.max(0, bar));
  };
  group.addEventListener("pointerdown", (event) => {
    from = barAt(event.clientX);
    to = from;
  });
  group.addEventListener("pointermove", (event) => {
    if (from === null || event.buttons === 0) return;
    to = barAt(event.clientX);
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    for (const [i, button] of buttons.entries())
      button.classList.toggle("is-dragged", first !== last && i >= first && i <= last);
  });
  group.addEventListener("click", (event) => {
    const bar = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    const isDrag = from !== null && to !== from && event.detail > 0;
    if (isDrag && from !== null) onSelect([Math.min(from, to), Math.max(from, to)]);
    else if (bar >= 0) onSelect(clicked(selected, bar, event.shiftKey));
    from = null;
  });
  group.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[
      event.key
    ];
    if (next === undefined) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, next))]?.focus();
  });
}
