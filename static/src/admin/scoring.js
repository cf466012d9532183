// How far the scoring is, live, and the buttons that move it on.

import { byId, element } from "../dom.js";
import { act, listen, RequestFailed } from "./api.js";
import { Rate } from "./rate.js";

/** @import {Bbox} from "../types.d.ts" */
/** @import {Progress} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

/** The zoom at which a box fits a window of about 900 pixels. @param {Bbox} bbox */
export function zoomOf([west, south, east, north]) {
  const degrees = Math.max(east - west, (north - south) * 1.6, 0.0005);
  return Math.max(2, Math.min(18, Math.floor(Math.log2((360 * 900) / 256 / degrees))));
}

/** The map where the batch's photos are. @param {Bbox} bbox @param {string} lang */
export function mapAddress(bbox, lang) {
  const [west, south, east, north] = bbox;
  const at = [zoomOf(bbox), ((south + north) / 2).toFixed(5), ((west + east) / 2).toFixed(5)].join(
    "/",
  );
  return `/?lang=${lang}&show=photos&at=${at}`;
}

export class Scoring {
  /** @param {Progress} progress @param {AdminWords} words @param {(progress: Progress) => void} onNews */
  constructor(progress, words, onNews) {
    this.progress = progress;
    this.words = words;
    this.onNews = onNews;
    this.rate = new Rate();
    this.lost = false;
    /** @type {(() => void) | null} */
    this.stop = null;
    for (const what of /** @type {const} */ (["score", "complete", "retry"])) {
      byId(what).addEventListener("click", () => this.#act(what));
    }
    this.take(progress);
    this.listen();
  }

  /** Follows the batch until it is done; then there is nothing to follow. */
  listen() {
    if (this.stop) return;
    this.stop = listen(this.progress.id, {
      news: (progress) => {
        this.lost = false;
        this.take(progress);
      },
      lost: () => {
        this.lost = true;
        this.draw();
      },
    });
  }

  /** @param {Progress} progress */
  take(progress) {
    this.progress = progress;
    this.rate.add(progress.counts.scored, performance.now() / 1000);
    if (this.#isOver()) this.#end();
    this.draw();
    this.onNews(progress);
  }

  #isOver() {
    return ["done", "cancelled"].includes(this.progress.state) && this.progress.published;
  }

  #end() {
    this.stop?.();
    this.stop = null;
    this.lost = false;
  }

  /** @param {"score" | "complete" | "retry"} what */
  async #act(what) {
    const problem = byId("problem");
    problem.hidden = true;
    try {
      this.take(await act(this.progress.id, what));
      this.listen();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const message = error.status === 0 ? this.words.t("error.network") : error.message;
      problem.textContent = this.words.t("error", { message });
      problem.hidden = false;
    }
  }

  draw() {
    const { counts, state, bbox } = this.progress;
    byId("scoring").replaceChildren(...this.#lines());
    this.#drawWorkers();
    const stateTag = byId("state");
    stateTag.className = `tag state-${state}`;
    stateTag.textContent = this.words.t(`state.${state}`);
    const waiting = this.#waiting();
    const takenBack = state === "cancelled" || state === "deleting";
    /** @type {HTMLButtonElement} */ (byId("score")).disabled = waiting === 0 || takenBack;
    byId("complete").hidden = state !== "open";
    byId("cancel").hidden = state !== "open" && state !== "scoring";
    byId("retry").hidden = counts.failed + counts.unreadable === 0 || takenBack;
    const map = /** @type {HTMLAnchorElement} */ (byId("map"));
    map.hidden = bbox === null || counts.scored === 0;
    if (bbox) map.href = mapAddress(bbox, this.words.lang);
    const open = state === "open";
    byId("drop").classList.toggle("is-closed", !open);
    byId("drop-title").textContent = this.words.t(open ? "drop.title" : "drop.closed.title");
    const note = takenBack ? "drop.taken_back" : "drop.closed";
    byId("drop-note").textContent = this.words.t(open ? "drop.note" : note);
    byId("choose-manifest").hidden = open || takenBack;
  }

  #waiting() {
    const { accepted, scored, unreadable, failed } = this.progress.counts;
    return Math.max(0, accepted - scored - unreadable - failed);
  }

  #lines() {
    const { words } = this;
    const { counts, release, published } = this.progress;
    if (counts.accepted === 0) return [element("p", { class: "quiet" }, words.t("scoring.none"))];
    const waiting = this.#waiting();
    const title =
      waiting === 0 && counts.scored === counts.accepted
        ? words.count("scoring.done", counts.accepted, { total: words.number(counts.accepted) })
        : words.t("scoring.scored", {
            done: words.number(counts.scored),
            total: words.number(counts.accepted),
          });
    const bar = element("progress", {
      class: "progress",
      max: counts.accepted,
      value: counts.scored,
      "aria-label": title,
    });
    const notes = [];
    if (release) notes.push(words.t("scoring.by", { release }));
    if (waiting > 0 && this.rate.perSecond !== null) {
      notes.push(words.t("scoring.rate", { rate: words.number(this.rate.perSecond) }));
      const left = this.rate.timeLeft(waiting);
      if (left !== null) notes.push(words.t("scoring.left", { time: words.time(left) }));
    }
    if (counts.unreadable > 0)
      notes.push(words.t("scoring.unreadable", { n: words.number(counts.unreadable) }));
    if (counts.failed > 0)
      notes.push(words.t("scoring.failed", { n: words.number(counts.failed) }));
    const parts = [
      element("p", { class: "scoring-figure" }, title),
      bar,
      element("p", { class: "quiet" }, notes.join(" · ")),
    ];
    if (!release) parts.push(element("p", { class: "quiet" }, words.t("no_release")));
    if (counts.scored > 0 && waiting === 0) {
      const where = words.t(published ? "scoring.published" : "scoring.publishing");
      parts.push(element("p", { class: "quiet" }, where));
    }
    if (this.lost) parts.push(element("p", { class: "notice" }, words.t("scoring.lost")));
    return parts;
  }

  #drawWorkers() {
    const note = byId("workers");
    const { workers } = this.progress;
    note.hidden = workers > 0;
    note.className = "notice notice-bad";
    if (workers > 0) return;
    const [before, after] = this.words.t("workers.none", { command: "|" }).split("|");
    note.replaceChildren(before ?? "", element("code", {}, "make worker"), after ?? "");
  }
}
