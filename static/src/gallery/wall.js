// A wall of tiles as high as the whole list, of which only those near the window are there.

import {
  defaultRangeExtractor,
  observeWindowOffset,
  observeWindowRect,
  Virtualizer,
  windowScroll,
} from "@tanstack/virtual-core";
import { element } from "../dom.js";

/** @import {Photo} from "../types.d.ts" */

const NARROW_PX = 600;
const TILE_PX = 210;
/** Rows above and below the window. */
const OVERSCAN = 2;
const STILL_AFTER_MS = 250;

/**
 * @typedef {object} WallContext
 * @property {() => number} length
 * @property {(index: number) => Photo | undefined} at undefined while it is not there yet
 * @property {(photo: Photo, index: number) => HTMLButtonElement} tile
 * @property {(index: number) => string} waiting what is said of a photo that is not there yet
 * @property {(from: number, to: number) => void} onSeen these are near the window
 * @property {(first: number, last: number) => void} onStill after scrolling: these are in the window
 */

export class Wall {
  /** @param {HTMLElement} list @param {WallContext} context */
  constructor(list, context) {
    this.list = list;
    this.context = context;
    /** What is there, by index. @type {Map<number, { node: HTMLLIElement, photo: Photo | undefined }>} */
    this.shown = new Map();
    this.columns = 1;
    this.gap = 0;
    this.width = 0;
    /** The tile that Tab leads to; arrows move it. @type {number | null} */
    this.current = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.rows = new Virtualizer(this.options());
    this.rows._didMount();
    new ResizeObserver(() => this.resize()).observe(list);
    list.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("focusin", (event) => this.focused(event));
    addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.resize();
  }

  /** @returns {import("@tanstack/virtual-core").VirtualizerOptions<Window, Element>} */
  options() {
    return {
      count: Math.ceil(this.context.length() / this.columns),
      getScrollElement: () => window,
      estimateSize: () => this.height + this.gap,
      scrollMargin: this.top,
      overscan: OVERSCAN,
      observeElementRect: observeWindowRect,
      observeElementOffset: observeWindowOffset,
      scrollToFn: windowScroll,
      onChange: () => this.render(),
      rangeExtractor: (range) => this.withFocus(defaultRangeExtractor(range)),
    };
  }

  /** Of a tile. */
  get height() {
    return Math.round(this.width * 0.75);
  }

  /** Of the wall in the page. */
  get top() {
    return this.list.getBoundingClientRect().top + scrollY;
  }

  /** The tile with the focus stays, however far one scrolls. @param {number[]} rows */
  withFocus(rows) {
    if (this.current === null || !this.list.contains(document.activeElement)) return rows;
    const row = Math.floor(this.current / this.columns);
    return rows.includes(row) ? rows : [...rows, row].sort((a, b) => a - b);
  }

  resize() {
    const room = this.list.clientWidth;
    const narrow = innerWidth <= NARROW_PX;
    const first = this.columns > 0 && this.width > 0 ? this.first() : 0;
    this.gap = narrow ? 8 : 12;
    const columns = narrow ? 2 : Math.floor((room + this.gap) / (TILE_PX + this.gap));
    this.columns = Math.max(2, columns);
    const width = Math.floor((room - this.gap * (this.columns - 1)) / this.columns);
    if (width === this.width && this.top === this.rows.options.scrollMargin) return;
    this.width = width;
    this.clear();
    this.update();
    if (first > 0) this.scrollTo(first);
  }

  /** The list is longer or shorter, or begins elsewhere in the page. */
  update() {
    this.rows.setOptions(this.options());
    this.rows.measure();
    this.rows._willUpdate();
    this.list.style.height = `${Math.max(0, this.rows.getTotalSize() - this.gap)}px`;
    this.render();
  }

  /** All tiles are drawn anew, in other words. */
  redraw() {
    for (const shown of this.shown.values()) shown.photo = undefined;
    this.render(true);
  }

  clear() {
    for (const { node } of this.shown.values()) node.remove();
    this.shown.clear();
  }

  /** Another list: nothing of the old one stays. */
  reset() {
    this.clear();
    this.current = null;
  }

  /** @param {boolean} [anew] */
  render(anew = false) {
    const length = this.context.length();
    const rows = this.rows.getVirtualItems();
    /** @type {Set<number>} */
    const there = new Set();
    for (const { index } of rows) {
      for (let i = index * this.columns; i < (index + 1) * this.columns && i < length; i += 1) {
        there.add(i);
      }
    }
    for (const [index, { node }] of this.shown) {
      if (there.has(index)) continue;
      node.remove();
      this.shown.delete(index);
    }
    for (const index of there) this.place(index, anew);
    if (there.size > 0) this.context.onSeen(Math.min(...there), Math.max(...there));
  }

  /** @param {number} index @param {boolean} anew */
  place(index, anew) {
    const photo = this.context.at(index);
    let shown = this.shown.get(index);
    if (!shown) {
      const left = (index % this.columns) * (this.width + this.gap);
      const top = Math.floor(index / this.columns) * (this.height + this.gap);
      const node = element("li", {
        "aria-setsize": this.context.length(),
        "aria-posinset": index + 1,
        style: {
          width: `${this.width}px`,
          height: `${this.height}px`,
          transform: `translate(${left}px, ${top}px)`,
        },
      });
      shown = { node, photo: undefined };
      this.shown.set(index, shown);
      this.insert(index, node);
    }
    if (shown.node.firstChild && !anew && shown.photo === photo) return;
    const hadFocus = shown.node.contains(document.activeElement);
    const button = photo ? this.context.tile(photo, index) : this.waiting(index);
    button.tabIndex = index === (this.current ?? 0) ? 0 : -1;
    shown.node.replaceChildren(button);
    shown.photo = photo;
    if (hadFocus) button.focus({ preventScroll: true });
  }

  /** Where it belongs among the others, so that what is read follows the list. @param {number} index @param {Node} node */
  insert(index, node) {
    const after = [...this.shown.keys()].filter((other) => other > index);
    const next = after.length > 0 ? this.shown.get(Math.min(...after))?.node : null;
    this.list.insertBefore(node, next ?? null);
  }

  /** @param {number} index */
  waiting(index) {
    return element(
      "button",
      { type: "button", class: "photo-card photo-waiting", "aria-disabled": "true" },
      element("span", { class: "visually-hidden" }, this.context.waiting(index)),
    );
  }

  /** The first photo in the window, or whose row is nearly so. */
  first() {
    const row = Math.round((scrollY + this.covered() - this.top) / (this.height + this.gap));
    return Math.max(0, row) * this.columns;
  }

  last() {
    const row = Math.floor((scrollY + innerHeight - this.top) / (this.height + this.gap));
    return Math.min(this.context.length(), (Math.max(0, row) + 1) * this.columns) - 1;
  }

  /** Height of what stays on top of the wall while scrolling. */
  covered() {
    const bar = document.getElementById("filters");
    return bar && getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
  }

  /** Puts a photo's row at the top of the window; 0 is the page's own top. @param {number} index */
  scrollTo(index) {
    const row = Math.floor(index / this.columns);
    const top = this.top + row * (this.height + this.gap) - this.covered() - this.gap;
    scrollTo({ top: index === 0 ? 0 : top, behavior: "instant" });
  }

  scrolled() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.context.onStill(this.first(), this.last()), STILL_AFTER_MS);
  }

  /** @param {FocusEvent} event */
  focused({ target }) {
    const node = /** @type {HTMLElement} */ (target).closest("li");
    for (const [index, shown] of this.shown) {
      if (shown.node === node) this.makeCurrent(index);
    }
  }

  /** @param {number} index */
  makeCurrent(index) {
    this.current = index;
    for (const [other, { node }] of this.shown) {
      const button = node.querySelector("button");
      if (button) button.tabIndex = other === index ? 0 : -1;
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || this.current === null) return;
    const page = this.columns * Math.max(1, Math.floor(innerHeight / (this.height + this.gap)) - 1);
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.columns,
      ArrowUp: -this.columns,
      PageDown: page,
      PageUp: -page,
      Home: -this.current,
      End: this.context.length() - 1 - this.current,
    };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step === undefined) return;
    event.preventDefault();
    const to = this.current + step;
    const last = this.context.length() - 1;
    // Up from the first row and down from the last one lead nowhere; a page leads to the end.
    if ((to < 0 || to > last) && !event.key.startsWith("Page")) return;
    this.focus(Math.min(last, Math.max(0, to)));
  }

  /** Scrolls no further than is needed. @param {number} index */
  focus(index) {
    this.current = index;
    const row = Math.floor(index / this.columns);
    const top = this.top + row * (this.height + this.gap);
    const above = top - this.covered() - this.gap;
    if (above < scrollY) scrollTo({ top: above, behavior: "instant" });
    else if (top + this.height > scrollY + innerHeight) {
      scrollTo({ top: top + this.height + this.gap - innerHeight, behavior: "instant" });
    }
    this.rows.scrollOffset = scrollY;
    this.render();
    if (!this.shown.has(index)) this.place(index, false);
    this.shown.get(index)?.node.querySelector("button")?.focus({ preventScroll: true });
    this.makeCurrent(index);
  }
}
