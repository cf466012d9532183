// One batch: files come in, get their verdicts, and are scored.

import { byId, element } from "../dom.js";
import { progress as ask, manifest, RequestFailed, send, uploads } from "./api.js";
import { Arrived } from "./arrived.js";
import { chosen, dropped, sorted, Unreadable, unpacked } from "./dropping.js";
import { Positions } from "./positions.js";
import { Removing } from "./removing.js";
import { Scoring } from "./scoring.js";
import { Sending } from "./sending.js";
import { SendingView } from "./sending-view.js";
import { Verdicts } from "./verdicts.js";

/** @import {Placed, Progress, Sendable} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

/** @param {Progress} batch @param {AdminWords} words */
export async function start(batch, words) {
  await new BatchPage(batch, words).loaded;
}

class BatchPage {
  /** @param {Progress} batch @param {AdminWords} words */
  constructor(batch, words) {
    this.batch = batch;
    this.words = words;
    this.positions = new Positions();
    /** @type {File[]} */
    this.manifests = [];
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
      send: (path, data) => send(batch.id, path, data, this.positions.of(path)),
      arrived: (path, data) => this.arrived.answer(path, data),
      onAnswer: (upload) => this.verdicts.add([upload]),
      onChange: () => this.view.draw(),
    });
    this.view = new SendingView(words, this.sending, () => this.#again());
    this.arrived = new Arrived([]);
    this.loaded = this.#load();
    this.#listenForFiles();
    addEventListener("beforeunload", (event) => {
      if (this.sending.active) event.preventDefault();
    });
  }

  async #load() {
    this.verdicts.add(await uploads(this.batch.id));
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
    const { photos, manifests, left } = await unpacked(sorted(sendables));
    this.view.begin(left);
    for (const { path, read } of manifests) {
      try {
        const file = await read();
        this.manifests.push(file);
        await this.#sendManifest(file);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        this.view.begin([...this.view.left, { path, reason: error.reason }]);
      }
    }
    if (photos.length > 0) {
      if (this.batch.state === "open") {
        await this.#send(photos);
      } else {
        this.view.note(this.words.t("drop.closed"), true);
      }
    }
    await this.#refresh();
  }

  /** @param {Sendable[]} photos */
  async #send(photos) {
    await this.loaded;
    this.arrived = new Arrived(this.verdicts.uploads.values());
    this.sending.add(photos);
    await this.sending.idle();
    await this.#placeHeld();
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
      this.view.note(this.words.t("manifest.failed", { message: this.view.explain(error) }), true);
    }
  }

  /** @param {Placed} placed */
  #noteManifest({ rows, placed, problems }) {
    const { words } = this;
    this.view.note(
      words.t("manifest.read", { rows: words.number(rows.length), placed: words.number(placed) }),
    );
    if (problems.length === 0) return;
    const lines = problems
      .slice(0, 200)
      .map(({ where, message }) => element("li", {}, `${where}: ${message}`));
    this.view.note(
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

  async #again() {
    this.sending.again();
    await this.sending.idle();
    await this.#refresh();
  }
}
