// On a phone: the bottom sheet that holds the legend, the controls and the panel.

import { byId } from "../dom.js";

/** @typedef {"peek" | "half" | "full"} Stop */

const STOPS = /** @type {const} */ (["peek", "half", "full"]);
const DRAG_PX = 6;
const PEEK_PX = 64;

export class Sheet {
  /** @param {() => { open: string, close: string }} labels @param {() => void} onClosed the sheet was pulled down to peek */
  constructor(labels, onClosed) {
    this.root = byId("sheet");
    this.head = byId("sheet-head");
    this.grip = byId("sheet-grip");
    this.body = byId("sheet-body");
    this.labels = labels;
    this.onClosed = onClosed;
    /** @type {Stop} */
    this.stop = "peek";
    this.phone = matchMedia("(max-width: 600px)");
    /** Where each part lives on wider screens. */
    this.homes = ["panel", "controls", "legend", "nav"].map((id) => {
      const node = byId(id);
      const home = document.createComment(id);
      node.before(home);
      return { node, home };
    });
    this.phone.addEventListener("change", () => this.arrange());
    /** Whether the click that follows belongs to a drag. */
    this.wasDragged = false;
    this.grip.addEventListener("click", () => {
      if (!this.wasDragged) this.set(this.stop === "peek" ? "half" : "peek");
      this.wasDragged = false;
    });
    this.listenForDrag();
    this.arrange();
  }

  /** Moves the parts into the sheet, or back to where they live. */
  arrange() {
    for (const { node, home } of this.homes) {
      if (this.phone.matches) this.body.append(node);
      else home.after(node);
    }
    this.root.hidden = !this.phone.matches;
    this.set("peek", false);
  }

  /** @param {Stop} stop @param {boolean} [tell] */
  set(stop, tell = true) {
    const closed = stop === "peek" && this.stop !== "peek";
    this.stop = stop;
    this.root.dataset.stop = stop;
    this.root.style.removeProperty("height");
    this.grip.setAttribute("aria-expanded", String(stop !== "peek"));
    this.label();
    this.body.inert = stop === "peek";
    if (closed) {
      this.body.scrollTop = 0;
      if (tell) this.onClosed();
    }
  }

  label() {
    const { open, close } = this.labels();
    this.grip.setAttribute("aria-label", this.stop === "peek" ? open : close);
  }

  /** For what is to be read while the map is still seen above it. @param {boolean} [lower] even where it is full */
  open(lower = false) {
    if (this.stop === "peek" || lower) this.set("half");
  }

  /** For what is typed in, with a keyboard over the lower half of the window. */
  rise() {
    if (this.phone.matches) this.set("full");
  }

  /** For a place in the middle of the map, which it would cover. */
  giveWay() {
    if (this.phone.matches) this.set("peek");
  }

  /**
   * What it covers of the map once it has come to rest, for keeping places clear of it; at most as
   * at half, since a full sheet leaves no place to be seen.
   */
  height() {
    if (!this.phone.matches) return 0;
    return heights()[this.stop === "peek" ? "peek" : "half"];
  }

  listenForDrag() {
    /** @type {{ id: number, y: number, height: number, moved: boolean } | null} */
    let drag = null;
    this.head.addEventListener("pointerdown", ({ pointerId, clientY }) => {
      this.wasDragged = false;
      const { height } = this.root.getBoundingClientRect();
      drag = { id: pointerId, y: clientY, height, moved: false };
    });
    // A quick pointer leaves the head between two events, so all of the window is listened to.
    addEventListener("pointermove", ({ pointerId, clientY }) => {
      if (drag?.id !== pointerId) return;
      const up = drag.y - clientY;
      if (!drag.moved && Math.abs(up) < DRAG_PX) return;
      drag.moved = true;
      this.wasDragged = true;
      this.root.classList.add("dragged");
      this.root.style.height = `${Math.max(PEEK_PX, drag.height + up)}px`;
    });
    const drop = (/** @type {PointerEvent} */ { pointerId }) => {
      if (drag?.id !== pointerId) return;
      this.root.classList.remove("dragged");
      if (drag.moved) this.settle();
      else this.tapped();
      drag = null;
    };
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", drop);
  }

  /** A tap beside the grip does what the grip does; the grip hears its own click. */
  tapped() {
    if (this.stop === "peek")
      requestAnimationFrame(() => this.stop === "peek" && this.grip.click());
  }

  /** To the nearest stop after a drag. */
  settle() {
    const height = this.root.getBoundingClientRect().height;
    const at = heights();
    const nearest = [...STOPS].sort(
      (a, b) => Math.abs(at[a] - height) - Math.abs(at[b] - height),
    )[0];
    this.set(nearest ?? "peek");
  }
}

/** As the style sheet has them, in pixels. @returns {Record<Stop, number>} */
function heights() {
  return { peek: PEEK_PX, half: innerHeight * 0.52, full: innerHeight - 80 };
}
