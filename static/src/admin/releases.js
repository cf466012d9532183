// The page of all releases: what each has scored, live, and the buttons that move it on.

import { byId, element, keepFocus } from "../dom.js";
import {
  listenToRelease,
  RequestFailed,
  register,
  releases,
  removeRelease,
  rollBack,
  scoreAll,
  show,
} from "./api.js";
import { Question } from "./releases-question.js";

/** @import {AdminRelease, ReleaseList, ReleaseProgress} from "./types.d.ts" */
/** @import {AdminWords} from "./words.js" */

/** @param {ReleaseList} list @param {AdminWords} words */
export function start(list, words) {
  new ReleasesPage(list, words).draw();
}

/** Whether its figures change by themselves. @param {ReleaseProgress} release */
export function isMoving({ state, counts }) {
  return state === "scoring" || counts.queued > 0;
}

/**
 * Photos that are missing and in no job, which somebody has to queue. After the first pass over the
 * reference photos the others are queued by themselves.
 * @param {AdminRelease} release
 */
export function forgotten({ kind, state, counts, first_pass }) {
  if (kind !== "rankers" || state === "registered") return 0;
  if (first_pass !== null && counts.queued > 0 && counts.failed === 0) return 0;
  return Math.max(counts.failed, counts.missing - counts.places - counts.queued, 0);
}

/** The lowest and the highest accuracy in per cent, whole; null where none is known. @param {AdminRelease["metrics"]} metrics */
export function accuracies(metrics) {
  const all = Object.values(metrics).flatMap(({ accuracy }) =>
    typeof accuracy === "number" ? [Math.round(100 * accuracy)] : [],
  );
  return all.length === 0 ? null : { low: Math.min(...all), high: Math.max(...all) };
}

class ReleasesPage {
  /** @param {ReleaseList} list @param {AdminWords} words */
  constructor(list, words) {
    this.list = list;
    this.words = words;
    this.question = new Question(words);
    /** @type {Map<string, () => void>} */
    this.followed = new Map();
  }

  draw() {
    const { list } = this;
    keepFocus(byId("main"), () => {
      byId("rows").replaceChildren(...list.releases.map((release) => this.#row(release)));
      byId("none").hidden = list.releases.length > 0;
      this.#drawWayBack();
      this.#drawFolders();
    });
    for (const release of list.releases) this.#follow(release);
  }

  async #refresh() {
    this.list = await releases();
    this.draw();
  }

  /** @param {AdminRelease} release */
  #follow({ name, ...release }) {
    if (this.followed.has(name) || !isMoving({ name, ...release })) return;
    const stop = listenToRelease(name, {
      news: (progress) => this.#news(progress),
      lost: () => this.#complain(this.words.t("scoring.lost")),
    });
    this.followed.set(name, stop);
  }

  /** @param {ReleaseProgress} progress */
  #news(progress) {
    byId("problem").hidden = true;
    byId("workers").hidden = progress.workers > 0;
    if (progress.workers === 0) this.#drawWorkers();
    const found = this.list.releases.find(({ name }) => name === progress.name);
    if (found) Object.assign(found, progress);
    if (!isMoving(progress)) {
      this.followed.get(progress.name)?.();
      this.followed.delete(progress.name);
    }
    this.draw();
  }

  #drawWorkers() {
    const note = byId("workers");
    note.className = "notice notice-bad";
    const [before, after] = this.words.t("workers.none", { command: "|" }).split("|");
    note.replaceChildren(before ?? "", element("code", {}, "make worker"), after ?? "");
  }

  /** @param {AdminRelease} release */
  #row(release) {
    const { words } = this;
    const { name, kind, demo, state, active, created_at, source } = release;
    const about = [words.t(`kind.${kind}`), demo && words.t("release.demo"), source];
    const day = words.days.format(new Date(created_at));
    return element(
      "tr",
      { "data-release": name },
      element(
        "th",
        { scope: "row" },
        element("a", { href: this.#address(name), "data-focus": `name ${name}` }, name),
        element("br"),
        element("span", { class: "quiet" }, [day, ...about].filter(Boolean).join(" · ")),
      ),
      element(
        "td",
        { "data-label": words.t("releases.state") },
        element("span", { class: `tag release-${state}` }, words.t(`release.${state}`)),
        active && element("span", { class: "tag release-active" }, words.t("release.active")),
      ),
      this.#photos(release),
      this.#accuracy(release),
      element("td", {}, element("div", { class: "release-actions" }, this.#buttons(release))),
    );
  }

  /** @param {AdminRelease} release */
  #photos({ counts, first_pass: pass }) {
    const { words } = this;
    const waiting = counts.missing - counts.places;
    const total = counts.scored + waiting;
    const [done, of] = pass ? [pass.done, pass.of] : [counts.scored, total];
    const values = { done: words.number(done), total: words.number(of), of: words.number(of) };
    const label = words.t(pass ? "releases.first_pass" : "releases.of", values);
    const figures = /** @type {const} */ ([
      ["missing", waiting],
      ["places", counts.places],
      ["queued", counts.queued],
      ["failed", counts.failed],
    ]);
    const notes = figures
      .filter(([, n]) => n > 0)
      .map(([what, n]) => words.t(`releases.${what}`, { n: words.number(n) }));
    return element(
      "td",
      { class: "scored-cell", "data-label": words.t("releases.photos") },
      element("progress", {
        class: "progress",
        max: Math.max(1, of),
        value: done,
        "aria-hidden": "true",
      }),
      element("span", { class: "quiet" }, label),
      notes.length > 0 && element("br"),
      notes.length > 0 && element("span", { class: "quiet" }, notes.join(" · ")),
    );
  }

  /** @param {AdminRelease} release */
  #accuracy({ name, metrics }) {
    const { words } = this;
    const range = accuracies(metrics);
    const card = `/about?release=${encodeURIComponent(name)}&lang=${words.lang}`;
    return element(
      "td",
      { "data-label": words.t("releases.accuracy") },
      range === null ? "–" : words.t("releases.range", range),
      range !== null && element("br"),
      range !== null && element("a", { class: "quiet", href: card }, words.t("release.card")),
    );
  }

  /** @param {AdminRelease} release */
  #buttons(release) {
    const { name, state, active, counts } = release;
    const buttons = [];
    if (state === "registered") {
      buttons.push(
        this.#button("releases.score", name, "", () =>
          this.#ask("score", name, () => scoreAll(name)),
        ),
      );
    } else if (forgotten(release) > 0) {
      buttons.push(
        this.#button("releases.score.rest", name, "button-quiet", () =>
          this.#act(() => scoreAll(name)),
        ),
      );
    }
    if (counts.scored > 0 && !active && this.list.active) {
      buttons.push(
        element(
          "a",
          {
            class: "button button-quiet",
            href: this.#address(name),
            "data-focus": `releases.compare ${name}`,
          },
          this.words.t("releases.compare"),
        ),
      );
    }
    if (state === "ready" && !active) {
      buttons.push(
        this.#button("releases.show", name, "", () =>
          this.#ask("show", name, (allowed) => show(name, allowed)),
        ),
      );
    }
    if (!active) {
      buttons.push(
        this.#button("releases.delete", name, "button-quiet button-bad", () =>
          this.#ask("delete", name, () => removeRelease(name)),
        ),
      );
    }
    return buttons;
  }

  /** @param {string} key @param {string} name @param {string} kind @param {() => void} onclick */
  #button(key, name, kind, onclick) {
    return element(
      "button",
      { type: "button", class: `button ${kind}`, "data-focus": `${key} ${name}`, onclick },
      this.words.t(key, { name }),
    );
  }

  #drawWayBack() {
    const before = this.list.way_back;
    byId("way-back").replaceChildren(
      ...(before === null
        ? []
        : [
            this.#button("releases.way_back", before, "button-quiet", () =>
              this.#ask("back", before, rollBack),
            ),
          ]),
    );
  }

  #drawFolders() {
    const { words, list } = this;
    const [before, after] = words.t("register.note", { place: "|" }).split("|");
    byId("register-note").replaceChildren(
      before ?? "",
      element("code", {}, list.trained_dir),
      after ?? "",
    );
    const items = list.folders.map(({ folder, name, problem }) =>
      element(
        "li",
        {},
        element("span", {}, folder),
        name === null
          ? element("span", { class: "quiet" }, problem)
          : this.#button("register.button", name, "button-quiet", () =>
              this.#act(() => register(folder)),
            ),
      ),
    );
    const none = element("li", { class: "quiet" }, words.t("register.none"));
    byId("folders").replaceChildren(...(items.length > 0 ? items : [none]));
  }

  /**
   * Asks first, and does it for a yes. What would be without scores is counted anew by the server,
   * so a number that has changed meanwhile is asked about again.
   * @param {"score" | "show" | "back" | "delete"} what @param {string} name
   * @param {(allowed: boolean) => Promise<unknown>} work
   */
  #ask(what, name, work) {
    const switching = what === "show" || what === "back";
    const counts = () => this.list.releases.find((release) => release.name === name)?.counts;
    this.question.ask(what, name, switching ? counts() : undefined, async (allowed) => {
      try {
        await work(allowed);
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        if (error.code === "scores-missing") {
          await this.#refresh();
          this.question.recount(counts());
          return false;
        }
        this.question.complain(this.#words(error));
        return false;
      }
      await this.#refresh();
      return true;
    });
  }

  /** @param {() => Promise<unknown>} work */
  async #act(work) {
    byId("problem").hidden = true;
    try {
      await work();
      await this.#refresh();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.#complain(this.words.t("error", { message: this.#words(error) }));
    }
  }

  /** @param {string} text */
  #complain(text) {
    const problem = byId("problem");
    problem.textContent = text;
    problem.hidden = false;
  }

  /** @param {RequestFailed} error */
  #words(error) {
    return error.status === 0 ? this.words.t("error.network") : error.message;
  }

  /** @param {string} name */
  #address(name) {
    return `/admin/releases/${encodeURIComponent(name)}?lang=${this.words.lang}`;
  }
}
