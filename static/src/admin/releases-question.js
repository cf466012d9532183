// The question before what changes the map or cannot be undone.

import { byId } from "../dom.js";

/** @import {ReleaseProgress} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

/** @typedef {"score" | "show" | "back" | "delete"} What */

const YES = {
  score: "releases.score",
  show: "releases.show",
  back: "releases.way_back",
  delete: "releases.delete",
};

export class Question {
  /** @param {AdminWords} words */
  constructor(words) {
    this.words = words;
    this.dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
    this.yes = /** @type {HTMLButtonElement} */ (byId("confirm-yes"));
    this.missing = byId("confirm-missing");
    this.allowed = /** @type {HTMLInputElement} */ (this.missing.querySelector("input"));
    byId("confirm-no").addEventListener("click", () => this.dialog.close());
    this.allowed.addEventListener("change", () => this.#draw());
    this.yes.addEventListener("click", () => this.#answer());
    /** @type {(allowed: boolean) => Promise<boolean>} */
    this.work = async () => true;
    this.busy = false;
  }

  /**
   * @param {What} what @param {string} name
   * @param {ReleaseProgress["counts"] | undefined} counts of a release that is to be shown
   * @param {(allowed: boolean) => Promise<boolean>} work false: the question stays open
   */
  ask(what, name, counts, work) {
    const { words } = this;
    this.work = work;
    this.text = words.t(`confirm.${what}.text`);
    byId("confirm-title").textContent = words.t(`confirm.${what}`, { name });
    this.yes.textContent = words.t(YES[what], { name });
    this.yes.classList.toggle("button-bad", what === "delete");
    byId("confirm-problem").hidden = true;
    this.recount(counts);
    this.dialog.showModal();
    byId("confirm-no").focus();
  }

  /** @param {ReleaseProgress["counts"] | undefined} counts */
  recount(counts) {
    const { words } = this;
    const missing = counts?.missing ?? 0;
    const lines = [this.text ?? ""];
    if (counts && missing > 0) {
      lines.push(words.count("confirm.missing", missing));
      const queued = Math.min(missing, counts.queued);
      if (queued > 0) {
        lines.push(words.t("confirm.missing.queued", { n: words.number(queued) }));
      }
    }
    byId("confirm-text").textContent = lines.join(" ");
    this.missing.hidden = missing === 0;
    /** @type {HTMLElement} */ (this.missing.querySelector("span")).textContent =
      words.t("confirm.missing.allow");
    this.allowed.checked = false;
    this.#draw();
  }

  /** @param {string} message */
  complain(message) {
    const problem = byId("confirm-problem");
    problem.textContent = this.words.t("error", { message });
    problem.hidden = false;
  }

  #draw() {
    this.yes.disabled = this.busy || (!this.missing.hidden && !this.allowed.checked);
  }

  async #answer() {
    this.busy = true;
    this.#draw();
    byId("confirm-problem").hidden = true;
    try {
      if (await this.work(this.allowed.checked)) this.dialog.close();
    } finally {
      this.busy = false;
      this.#draw();
    }
  }
}
