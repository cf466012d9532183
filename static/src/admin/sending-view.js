// What is said of files on their way: how many, what failed, what was not sent and why.

import { byId, element } from "../dom.js";
import { RequestFailed } from "./api.js";

/** @import {Sending} from "./sending.js" */
/** @import {Left} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

const SHOWN = 200;
/** Nobody expects these to be photos. */
const NO_PHOTOS = ["no-photo", "system-file"];

export class SendingView {
  /** @param {AdminWords} words @param {Sending} sending @param {() => void} again */
  constructor(words, sending, again) {
    this.words = words;
    this.sending = sending;
    this.again = again;
    /** @type {HTMLElement[]} */
    this.notes = [];
    /** @type {Left[]} */
    this.left = [];
  }

  /** New files: what was said of the last ones is forgotten. @param {Left[]} left */
  begin(left) {
    this.notes = [];
    this.left = left;
    this.draw();
  }

  /** @param {string | HTMLElement[]} content @param {boolean} bad */
  note(content, bad = false) {
    const children = typeof content === "string" ? [content] : content;
    this.notes.push(element("div", { class: bad ? "notice notice-bad" : "notice" }, ...children));
    this.draw();
  }

  draw() {
    const { sending } = this;
    const left = [...this.left, ...sending.unread];
    byId("sending").replaceChildren(
      ...(sending.active ? this.#running() : this.#ended()),
      ...this.#leftBehind(
        "left.photos",
        left.filter(({ reason }) => !NO_PHOTOS.includes(reason)),
        true,
      ),
      ...this.#leftBehind(
        "left.others",
        left.filter(({ reason }) => NO_PHOTOS.includes(reason)),
        false,
      ),
      ...this.notes,
    );
  }

  /** @param {Error} error */
  explain(error) {
    if (!(error instanceof RequestFailed)) return error.message;
    if (error.status === 0) return this.words.t("error.network");
    if (error.status === 401) return this.words.t("sending.signed_out");
    if (error.code === "batch-closed") return this.words.t("sending.closed");
    return error.message;
  }

  #running() {
    const { sending, words } = this;
    const done = sending.done + sending.unread.length + sending.failed.length;
    const label = words.t("sending.running", {
      done: words.number(done),
      total: words.number(sending.total),
    });
    return [
      element("progress", {
        class: "progress",
        max: sending.total,
        value: done,
        "aria-label": label,
      }),
      element(
        "p",
        { class: "sending-line" },
        label,
        sending.waiting > 0 && element("span", {}, words.t("sending.waiting")),
      ),
    ];
  }

  #ended() {
    const { sending, words } = this;
    const parts = [];
    const sent = sending.done - sending.before;
    if (sent > 0 || sending.before > 0) {
      const line = [
        sent > 0 && words.count("sending.done", sent),
        sending.before > 0 && words.count("sending.before", sending.before),
      ];
      parts.push(element("p", { class: "sending-line" }, line.filter(Boolean).join("; ")));
    }
    const [first] = sending.failed;
    if (first) {
      const again = element(
        "button",
        { type: "button", class: "link", onclick: this.again },
        words.t("sending.again"),
      );
      parts.push(
        element(
          "div",
          { class: "notice notice-bad" },
          `${words.count("sending.failed", sending.failed.length)}: ${this.explain(first.error)} `,
          again,
        ),
      );
    }
    return parts;
  }

  /** @param {string} title @param {Left[]} left @param {boolean} bad */
  #leftBehind(title, left, bad) {
    if (left.length === 0) return [];
    const { words } = this;
    const lines = left
      .slice(0, SHOWN)
      .map(({ path, reason }) =>
        element(
          "li",
          {},
          element("span", { class: "left-path" }, path),
          `: ${words.t(`left.${reason}`)}`,
        ),
      );
    if (left.length > SHOWN) {
      lines.push(element("li", {}, words.t("left.more", { n: words.number(left.length - SHOWN) })));
    }
    return [
      element(
        "details",
        { class: bad ? "notice notice-bad" : "notice", ...(bad && { open: true }) },
        element("summary", { class: "left-summary" }, words.count(title, left.length)),
        element("ul", { class: "problems" }, ...lines),
      ),
    ];
  }
}
