// Finding an area by name, or a place by its coordinates: a combobox that follows what is typed.

import { element } from "../dom.js";
import { plain } from "../words.js";

/** @import {Area} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

const SHOWN = 8;
/** Latitude first, as maps write it, with a point or a comma for the decimals. */
const COORDINATES = /^([+-]?\d{1,2}[.,]\d+)°?\s*[,;\s]\s*([+-]?\d{1,3}[.,]\d+)°?$/;
/** The map has no more of the world. */
const MOST_LAT = 85.05;

/**
 * Areas whose name holds the text, those that begin with it first; accents and case do not count.
 * @param {{ code: string, name: string }[]} areas @param {string} text
 */
export function matching(areas, text) {
  const wanted = plain(text);
  if (wanted === "") return [];
  return areas
    .map((area) => ({
      area,
      at: ` ${plain(area.name)}`.indexOf(` ${wanted}`),
      any: plain(area.name).indexOf(wanted),
    }))
    .filter(({ any }) => any >= 0)
    .sort((a, b) => rank(a) - rank(b) || a.area.name.localeCompare(b.area.name))
    .map(({ area }) => area);
}

/** Start of the name, start of a word, anywhere. @param {{ at: number, any: number }} found */
function rank({ at, any }) {
  return any === 0 ? 0 : at >= 0 ? 1 : 2;
}

/** @param {string} text @returns {{ lat: number, lon: number } | null} null unless it is a place on the map */
export function coordinatesIn(text) {
  const match = COORDINATES.exec(text.trim().replace(/\u2212/g, "-"));
  const [lat, lon] = (match?.slice(1) ?? []).map((part) => Number(part.replace(",", ".")));
  if (lat === undefined || lon === undefined) return null;
  return Math.abs(lat) <= MOST_LAT && Math.abs(lon) <= 180 ? { lat, lon } : null;
}

export class Search {
  /**
   * @param {HTMLInputElement} input @param {HTMLElement} list
   * @param {{ onFocus: () => void, areas: () => Area[], words: () => Words, say: (text: string) => void, onPick: (code: string) => void, onPlace: (place: { lat: number, lon: number }) => void }} context
   */
  constructor(input, list, context) {
    this.input = input;
    this.list = list;
    this.context = context;
    /** @type {{ text: string, pick: () => void }[]} */
    this.found = [];
    this.active = -1;
    input.addEventListener("input", () => this.update());
    input.addEventListener("focus", () => {
      context.onFocus();
      this.update();
    });
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.key(event));
  }

  /** What can be searched for. @param {string | null} layer */
  invite(layer) {
    const key = layer === "comuna" ? "search.placeholder" : "search.label";
    this.input.placeholder = this.context.words().t(key);
  }

  find() {
    const { areas, words, onPick, onPlace } = this.context;
    const text = this.input.value;
    const place = coordinatesIn(text);
    if (place) {
      const values = { lat: String(place.lat), lon: String(place.lon) };
      return [{ text: words().t("search.place", values), pick: () => onPlace(place) }];
    }
    return matching(areas(), text)
      .slice(0, SHOWN)
      .map(({ code, name }) => ({ text: name, pick: () => onPick(code) }));
  }

  update() {
    this.found = this.find();
    this.active = this.found.length > 0 ? 0 : -1;
    this.render();
    if (this.input.value) {
      const words = this.context.words();
      const n = this.found.length;
      this.context.say(n === 0 ? words.t("search.none") : words.count("search.count", n));
    }
  }

  render() {
    const open = this.input.value.trim() !== "" && document.activeElement === this.input;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    const rows = this.found.map(({ text, pick }, i) =>
      element(
        "li",
        {
          role: "option",
          id: `found-${i}`,
          "aria-selected": String(i === this.active),
          onmousedown: (/** @type {Event} */ event) => event.preventDefault(),
          onclick: () => this.pick(pick),
        },
        text,
      ),
    );
    const none = element(
      "li",
      { class: "none", role: "presentation" },
      this.context.words().t("search.none"),
    );
    this.list.replaceChildren(...(rows.length > 0 ? rows : [none]));
    if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `found-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && this.found.length > 0) {
      event.preventDefault();
      this.active = (this.active + step + this.found.length) % this.found.length;
      this.render();
    } else if (event.key === "Enter") {
      const chosen = this.found[this.active];
      if (chosen) this.pick(chosen.pick);
    } else if (event.key === "Escape" && this.input.value) {
      event.stopPropagation();
      this.input.value = "";
      this.close();
    }
  }

  /** @param {() => void} go */
  pick(go) {
    this.input.value = "";
    this.close();
    go();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
