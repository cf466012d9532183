// Taking back: the question before a batch is cancelled or deleted, or a photo taken down.

import { byId } from "../dom.js";
import { act, RequestFailed, removeBatch, removePhoto } from "./api.js";

/** @import {Progress, Upload} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

/** @typedef {"cancel" | "delete" | "photo"} What */

export class Removing {
  /** @param {AdminWords} words @param {{ cancelled: (progress: Progress) => void, photoGone: () => void }} listener */
  constructor(words, listener) {
    this.words = words;
    this.listener = listener;
    this.dialog = /** @type {HTMLDialogElement} */ (byId("removal"));
    this.yes = /** @type {HTMLButtonElement} */ (byId("removal-yes"));
    this.no = /** @type {HTMLButtonElement} */ (byId("removal-no"));
    this.refuse = /** @type {HTMLInputElement} */ (byId("removal-refuse"));
    this.reason = /** @type {HTMLInputElement} */ (byId("removal-reason"));
    /** @type {() => Promise<void>} */
    this.work = async () => {};
    this.busy = false;
    this.no.addEventListener("click", () => this.dialog.close());
    this.refuse.addEventListener("change", () => this.#draw());
    this.dialog.addEventListener("cancel", (event) => {
      if (this.busy) event.preventDefault();
    });
    byId("removal-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#answer();
    });
  }

  /** @param {Progress} batch */
  cancel(batch) {
    this.#ask("cancel", { title: batch.title }, async () => {
      this.listener.cancelled(await act(batch.id, "cancel"));
    });
  }

  /** @param {Progress} batch */
  deleteBatch(batch) {
    const n = this.words.number(batch.counts.accepted + batch.counts.held);
    this.#ask("delete", { title: batch.title, n }, async () => {
      for (;;) {
        const left = await removeBatch(batch.id, this.#refusal());
        if (left === null) break;
        this.#say(this.words.count("removal.left", left));
      }
      location.assign(`/admin?lang=${this.words.lang}`);
    });
  }

  /** @param {Upload} upload */
  takeDown(upload) {
    const photo = /** @type {number} */ (upload.photo_id);
    this.#ask("photo", { path: upload.path }, async () => {
      await removePhoto(photo, this.#refusal());
      this.listener.photoGone();
    });
  }

  /** @param {What} what @param {Record<string, string>} values @param {() => Promise<void>} work */
  #ask(what, values, work) {
    const { words } = this;
    this.work = work;
    byId("removal-title").textContent = words.t(`removal.${what}`, values);
    byId("removal-text").textContent = words.t(`removal.${what}.text`, values);
    this.yes.textContent = words.t(`removal.${what}.yes`);
    byId("removal-refusal").hidden = what === "cancel";
    this.refuse.checked = true;
    this.reason.value = "";
    this.#say("");
    this.#draw();
    this.dialog.showModal();
    this.no.focus();
  }

  /** The reason for which the bytes stay refused, "" for the usual one; null where they may come again. */
  #refusal() {
    return this.refuse.checked ? this.reason.value.trim() : null;
  }

  /** @param {string} text @param {boolean} bad */
  #say(text, bad = false) {
    const note = byId("removal-note");
    note.textContent = text;
    note.hidden = text === "";
    note.className = bad ? "notice notice-bad" : "notice";
  }

  #draw() {
    this.yes.disabled = this.busy;
    this.no.disabled = this.busy;
    byId("removal-why").hidden = !this.refuse.checked;
  }

  async #answer() {
    if (this.busy) return;
    this.busy = true;
    this.#draw();
    this.#say("");
    try {
      await this.work();
      this.dialog.close();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const message = error.status === 0 ? this.words.t("error.network") : error.message;
      this.#say(this.words.t("error", { message }), true);
    } finally {
      this.busy = false;
      this.#draw();
    }
  }
}
