// Points on a square from 0 to 10 both ways: one canvas however many they are, and one button on
// the point that is chosen, which is all that the keyboard needs.

import { element } from "../dom.js";
import { nearest, stepFrom, tenths } from "./points.js";

/** @import {Point} from "./points.js" */

const MOST = 10;
const EDGE_PX = 9;
const DOT_PX = 3;
const REACH_PX = 14;
const DRAG_PX = 6;

/** @typedef {[low: number, high: number]} Range */

/**
 * @typedef {object} PlotContext
 * @property {(index: number) => string} labelOf
 * @property {(index: number, byKeyboard: boolean) => void} onPoint another one is chosen
 * @property {(index: number) => void} onOpen
 * @property {(x: Range, y: Range) => void} onBrush
 */

export class Plot {
  /** @param {PlotContext} context */
  constructor(context) {
    this.context = context;
    /** @type {Point[]} */
    this.points = [];
    /** What the filters leave of either axis. @type {[x: Range, y: Range]} */
    this.kept = [
      [0, MOST],
      [0, MOST],
    ];
    this.current = -1;
    /** Where a drag began. @type {{ x: number, y: number } | null} */
    this.from = null;
    this.isDrag = false;
    this.canvas = element("canvas", { class: "plot-dots" });
    this.brush = element("div", { class: "plot-brush", hidden: true });
    this.marker = element("button", {
      type: "button",
      class: "plot-point",
      "data-focus": "plot-point",
      hidden: true,
      onclick: () => context.onOpen(this.current),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.node = element(
      "div",
      { class: "plot", role: "group" },
      this.canvas,
      this.brush,
      this.marker,
    );
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.node);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch" || event.button !== 0) return;
      this.from = this.scoresAt(event);
      this.isDrag = false;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.from) this.drag(this.from, this.scoresAt(event));
      else if (event.pointerType !== "touch") this.point(event);
    });
    canvas.addEventListener("pointercancel", () => this.endDrag());
    canvas.addEventListener("click", (event) => {
      const { from, isDrag } = this;
      this.endDrag();
      if (from && isDrag) {
        const to = this.scoresAt(event);
        this.context.onBrush(tenths(from.x, to.x), tenths(from.y, to.y));
        return;
      }
      const found = this.point(event);
      // A finger has not seen what lies under it: it chooses, and the photo beside opens.
      const isTouch = /** @type {PointerEvent} */ (event).pointerType === "touch";
      if (found >= 0 && !isTouch) this.context.onOpen(found);
    });
  }

  /** @param {Point[]} points @param {[x: Range, y: Range]} kept @param {string} label */
  show(points, kept, label) {
    this.points = points;
    this.kept = kept;
    this.node.setAttribute("aria-label", label);
    this.current = nearest(points, { x: MOST / 2, y: MOST / 2 }, MOST);
    this.draw();
  }

  get side() {
    return this.canvas.clientWidth;
  }

  /** Pixels from the left of a score. @param {number} score */
  across(score) {
    return EDGE_PX + (score / MOST) * (this.side - 2 * EDGE_PX);
  }

  /** Pixels from the top. @param {number} score */
  down(score) {
    return this.side - this.across(score);
  }

  /** @param {MouseEvent} event */
  scoresAt(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const scale = MOST / (this.side - 2 * EDGE_PX);
    const up = this.side - (event.clientY - top);
    return { x: (event.clientX - left - EDGE_PX) * scale, y: (up - EDGE_PX) * scale };
  }

  /** Chooses what is under the pointer. @param {MouseEvent} event */
  point(event) {
    const reach = (REACH_PX * MOST) / (this.side - 2 * EDGE_PX);
    const found = nearest(this.points, this.scoresAt(event), reach);
    this.canvas.classList.toggle("is-on-point", found >= 0);
    if (found >= 0) this.choose(found, false);
    return found;
  }

  /** @param {number} index @param {boolean} byKeyboard */
  choose(index, byKeyboard) {
    this.current = index;
    this.placeMarker();
    this.context.onPoint(index, byKeyboard);
  }

  placeMarker() {
    const point = this.points[this.current];
    this.marker.hidden = !point;
    if (!point) return;
    this.marker.style.translate = `${this.across(point.x)}px ${this.down(point.y)}px`;
    this.marker.setAttribute("aria-label", this.context.labelOf(this.current));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = stepFrom(this.points, this.current, event.key);
    if (to === null) return;
    event.preventDefault();
    this.choose(to, true);
  }

  /** @param {{ x: number, y: number }} from @param {{ x: number, y: number }} to */
  drag(from, to) {
    const [left, right] = [this.across(from.x), this.across(to.x)].sort((a, b) => a - b);
    const [top, bottom] = [this.down(from.y), this.down(to.y)].sort((a, b) => a - b);
    if (left === undefined || right === undefined) return;
    if (top === undefined || bottom === undefined) return;
    this.isDrag ||= right - left > DRAG_PX || bottom - top > DRAG_PX;
    this.brush.hidden = !this.isDrag;
    const { style } = this.brush;
    style.translate = `${left}px ${top}px`;
    style.width = `${right - left}px`;
    style.height = `${bottom - top}px`;
  }

  endDrag() {
    this.from = null;
    this.isDrag = false;
    this.brush.hidden = true;
  }

  draw() {
    const { canvas, side } = this;
    const pen = canvas.getContext("2d");
    if (!pen || side === 0) return;
    const scale = devicePixelRatio || 1;
    canvas.width = side * scale;
    canvas.height = side * scale;
    pen.scale(scale, scale);
    const colours = getComputedStyle(canvas);
    const colour = (/** @type {string} */ name) => colours.getPropertyValue(name).trim();
    this.drawGround(pen, colour);
    pen.fillStyle = colour("--accent");
    pen.globalAlpha = 0.45;
    for (const { x, y } of this.points) {
      pen.beginPath();
      pen.arc(this.across(x), this.down(y), DOT_PX, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.globalAlpha = 1;
    this.placeMarker();
  }

  /** What the filters keep, and lines at every quarter, the middle one stronger. @param {CanvasRenderingContext2D} pen @param {(name: string) => string} colour */
  drawGround(pen, colour) {
    const [[west, east], [south, north]] = this.kept;
    pen.fillStyle = colour("--paper");
    const [left, top] = [this.across(west), this.down(north)];
    pen.fillRect(left, top, this.across(east) - left, this.down(south) - top);
    const [low, high] = [this.across(0), this.across(MOST)];
    for (const score of [0, 2.5, 5, 7.5, MOST]) {
      const at = Math.round(this.across(score)) + 0.5;
      pen.strokeStyle = colour(score === MOST / 2 ? "--line-2" : "--line");
      pen.beginPath();
      pen.moveTo(at, low);
      pen.lineTo(at, high);
      pen.moveTo(low, at);
      pen.lineTo(high, at);
      pen.stroke();
    }
  }
}
