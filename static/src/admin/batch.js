// One batch: files come in, get their verdicts, and are scored.

import { byId, element } from "../dom.js";
import { progress as ask, manifest, RequestFailed, send, uploads } from "./api.js";
import { chosen, dropped, sorted } from "./dropping.js";
import { Positions } from "./positions.js";
import { Removing } from "./removing.js";
import { Scoring } from "./scoring.js";
import { Sending } from "./sending.js";
import { Verdicts } from "./verdicts.js";

/** @import {Placed, Progress, Sendable} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

/** @param {Progress} batch @param {AdminWords} words */
export async function start(batch, words) {
  const page = new BatchPage(batch, words);
  page.verdicts.add(await uploads(batch.id));
}

class BatchPage {
  /** @param {Progress} batch @param {AdminWords} words */
  constructor(batch, words) {
    this.batch = batch;
    this.words = words;
    this.positions = new Positions();
    /** @type {File[]} */
    this.manifests = [];
    /** @type {HTMLElement[]} */
    this.notes = [];
    this.settled = this.#settledCount(batch);
    this.removing = new Removing(words, {
      cancelled: (progress) => this.scoring.take(progress),
      photoGone: () => this.#photoGone(),
    });
    this.verdicts = new Verdicts(batch.id, words, (upload) => this.removing.takeDown(upload));
    this.scoring = new Scoring(batch, words, (progress) => this.#news(progress));
    byId("cancel").addEventListener("click", () => this.removing.cancel(this.batch));
    byId("delete").addEventListener("click", () => this.removing.deleteBatch(this.batch));
    this.sending = new Sending({
      send: (sendable) => send(batch.id, sendable, this.positions.of(sendable.path)),
      onAnswer: (upload) => this.verdicts.add([upload]),
      onChange: () => this.#drawSending(),
    });
    this.#listenForFiles();
    addEventListener("beforeunload", (event) => {
      if (this.sending.active) event.preventDefault();
    });
  }

  /** @param {Progress} progress */
  #settledCount({ counts }) {
    return counts.scored + counts.unreadable + counts.failed;
  }

  /** Rows that say "to be scored" are asked for anew once more of them have scores. @param {Progress} progress */
  async #news(progress) {
    this.batch = progress;
    const settled = this.#settledCount(progress);
    if (settled === this.settled) return;
    this.settled = settled;
    try {
      this.verdicts.add(await uploads(progress.id));
    } catch (error) {
      // The next news asks again.
      if (!(error instanceof RequestFailed)) throw error;
    }
  }

  async #photoGone() {
    try {
      this.verdicts.add(await uploads(this.batch.id));
    } catch (error) {
      // The photo is gone all the same; the page says so when it is opened again.
      if (!(error instanceof RequestFailed)) throw error;
    }
    await this.#refresh();
  }

  #listenForFiles() {
    const drop = byId("drop");
    for (const id of ["files", "folder", "manifest"]) {
      const input = /** @type {HTMLInputElement} */ (byId(id));
      input.addEventListener("change", () => {
        if (input.files) this.take(chosen(input.files));
        input.value = "";
      });
    }
    // Anywhere on the page, so that a file that misses the zone does not replace the page.
    addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("is-over");
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) drop.classList.remove("is-over");
    });
    addEventListener("drop", async (event) => {
      event.preventDefault();
      drop.classList.remove("is-over");
      if (event.dataTransfer) this.take(await dropped(event.dataTransfer));
    });
  }

  /** Manifests first, so that the photos go with their places. @param {Sendable[]} sendables */
  async take(sendables) {
    const { photos, manifests, ignored } = sorted(sendables);
    this.notes = [];
    if (ignored > 0) this.#note(this.words.count("sending.ignored", ignored));
    for (const { file } of manifests) {
      this.manifests.push(file);
      await this.#sendManifest(file);
    }
    if (photos.length > 0) {
      if (this.batch.state === "open") {
        this.sending.add(photos);
        await this.sending.idle();
        await this.#placeHeld();
      } else {
        this.#note(this.words.t("drop.closed"), true);
      }
    }
    await this.#refresh();
  }

  /** What was held in spite of a manifest, as a file that was sent before it, is placed by it now. */
  async #placeHeld() {
    const held = [...this.verdicts.uploads.values()].some((upload) => upload.verdict === "held");
    if (!held) return;
    for (const file of this.manifests) await this.#sendManifest(file, false);
  }

  /** @param {File} file @param {boolean} aloud */
  async #sendManifest(file, aloud = true) {
    try {
      const placed = await manifest(this.batch.id, file);
      this.positions.add(placed.rows);
      if (aloud) this.#noteManifest(placed);
      if (placed.placed > 0) this.verdicts.add(await uploads(this.batch.id));
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.#note(this.words.t("manifest.failed", { message: this.#words(error) }), true);
    }
  }

  /** @param {Placed} placed */
  #noteManifest({ rows, placed, problems }) {
    const { words } = this;
    this.#note(
      words.t("manifest.read", { rows: words.number(rows.length), placed: words.number(placed) }),
    );
    if (problems.length === 0) return;
    const lines = problems
      .slice(0, 200)
      .map(({ where, message }) => element("li", {}, `${where}: ${message}`));
    this.#note(
      [
        element("p", {}, words.count("manifest.problems", problems.length)),
        element("ul", { class: "problems" }, lines),
      ],
      true,
    );
  }

  async #refresh() {
    try {
      this.scoring.take(await ask(this.batch.id));
    } catch (error) {
      // The events say it too, once the server answers again.
      if (!(error instanceof RequestFailed)) throw error;
    }
    this.scoring.listen();
  }

  /** @param {string | HTMLElement[]} content @param {boolean} bad */
  #note(content, bad = false) {
    const children = typeof content === "string" ? [content] : content;
    this.notes.push(element("div", { class: bad ? "notice notice-bad" : "notice" }, ...children));
    this.#drawSending();
  }

  #drawSending() {
    const { sending, words } = this;
    const parts = [];
    if (sending.active) {
      const label = words.t("sending.running", {
        done: words.number(sending.done),
        total: words.number(sending.total),
      });
      parts.push(
        element("progress", {
          class: "progress",
          max: sending.total,
          value: sending.done,
          "aria-label": label,
        }),
        element(
          "p",
          { class: "sending-line" },
          label,
          sending.waiting > 0 && element("span", {}, words.t("sending.waiting")),
        ),
      );
    } else if (sending.done > 0) {
      parts.push(
        element("p", { class: "sending-line" }, words.count("sending.done", sending.done)),
      );
    }
    if (!sending.active && sending.failed.length > 0) {
      const again = element(
        "button",
        { type: "button", class: "link", onclick: () => this.#again() },
        words.t("sending.again"),
      );
      const reason = this.#words(/** @type {{ error: Error }} */ (sending.failed[0]).error);
      parts.push(
        element(
          "div",
          { class: "notice notice-bad" },
          `${words.count("sending.failed", sending.failed.length)}: ${reason} `,
          again,
        ),
      );
    }
    byId("sending").replaceChildren(...parts, ...this.notes);
  }

  async #again() {
    this.sending.again();
    await this.sending.idle();
    await this.#refresh();
  }

  /** @param {Error} error */
  #words(error) {
    if (!(error instanceof RequestFailed)) return error.message;
    if (error.status === 0) return this.words.t("error.network");
    if (error.status === 401) return this.words.t("sending.signed_out");
    if (error.code === "batch-closed") return this.words.t("sending.closed");
    return error.message;
  }
}
