// One line over the map: what it waits for, what failed, or that nothing is there.

import { watchRequests } from "../api.js";
import { element } from "../dom.js";

/** @import {Words} from "../words.js" */

const PATIENCE_MS = 400;

export class Status {
  /** @param {HTMLElement} root @param {() => Words} words */
  constructor(root, words) {
    this.root = root;
    this.words = words;
    /** @type {{ message: string, retry: () => void } | null} */
    this.failure = null;
    /** @type {string | null} */
    this.notice = null;
    this.waiting = false;
    this.timer = 0;
    watchRequests((running) => {
      clearTimeout(this.timer);
      if (running > 0) {
        this.timer = window.setTimeout(() => this.wait(true), PATIENCE_MS);
      } else this.wait(false);
    });
  }

  /** @param {boolean} waiting */
  wait(waiting) {
    if (this.waiting === waiting) return;
    this.waiting = waiting;
    this.render();
  }

  /** @param {string | null} notice */
  setNotice(notice) {
    if (this.notice === notice) return;
    this.notice = notice;
    this.render();
  }

  /** @param {string} message @param {() => void} retry */
  fail(message, retry) {
    this.failure = { message, retry };
    this.render();
  }

  render() {
    const words = this.words();
    const { failure, notice, waiting } = this;
    this.root.hidden = !failure && !notice && !waiting;
    this.root.classList.toggle("failed", failure !== null);
    if (failure) {
      const retry = () => {
        this.failure = null;
        this.render();
        failure.retry();
      };
      this.root.replaceChildren(
        words.t("map.failed", { message: failure.message }),
        element("button", { type: "button", class: "link", onclick: retry }, words.t("map.retry")),
      );
    } else if (waiting) this.root.replaceChildren(words.t("map.loading"));
    else this.root.replaceChildren(notice ?? "");
  }
}
