// Choosing an area of any layer: a combobox that shows all of the first layer until one types.

import { element } from "../dom.js";
import { matching } from "../map/search.js";

/** @import {Area, Layer} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/** Layers with more areas are listed only as far as they match what is typed. */
const LISTED = 120;
const MATCHES = 40;

/** @typedef {{ layer: string, code: string }} Choice */
/** @typedef {{ layer: Layer, area: Area }} Row */

export class AreaField {
  /**
   * @param {{ input: HTMLInputElement, list: HTMLElement, clear: HTMLElement }} parts
   * @param {{ layers: Layer[], areas: (layer: string) => Promise<Area[]>, words: () => Words, say: (text: string) => void, onPick: (choice: Choice | null) => void }} context
   */
  constructor({ input, list, clear }, context) {
    this.input = input;
    this.list = list;
    this.clear = clear;
    this.context = context;
    /** @type {Map<string, Area[]>} */
    this.known = new Map();
    /** @type {Row[]} */
    this.rows = [];
    this.active = -1;
    /** @type {Choice | null} */
    this.chosen = null;
    this.open = false;
    this.typed = false;
    /** Whether areas were asked for and did not come. */
    this.failed = false;
    input.addEventListener("focus", () => this.show());
    input.addEventListener("click", () => this.show());
    input.addEventListener("blur", () => this.close());
    input.addEventListener("input", () => {
      this.typed = true;
      this.show();
    });
    input.addEventListener("keydown", (event) => this.key(event));
    clear.addEventListener("click", () => {
      this.pick(null);
      input.focus();
    });
  }

  /** @param {Choice | null} choice */
  async render(choice) {
    const words = this.context.words();
    this.chosen = choice;
    this.input.placeholder = words.t("gallery.area.all");
    this.clear.hidden = choice === null;
    const areas = choice ? await this.areas(choice.layer) : [];
    if (this.chosen !== choice || this.typed) return;
    const found = areas.find((area) => area.code === choice?.code);
    this.input.value = choice ? (found?.name ?? choice.code) : "";
  }

  /** Those of a layer with photos, by name. @param {string} layer */
  async areas(layer) {
    const known = this.known.get(layer);
    if (known) return known;
    const areas = await this.context.areas(layer).catch(() => {
      this.failed = true;
      return [];
    });
    const { collator } = this.context.words();
    const found = areas
      .filter((area) => area.n > 0)
      .sort((a, b) => collator.compare(a.name, b.name));
    if (found.length > 0) this.known.set(layer, found);
    return found;
  }

  async show() {
    this.open = true;
    this.failed = false;
    if (!this.typed) this.input.select();
    const text = this.typed ? this.input.value : "";
    const layers = this.context.layers.filter((layer) => text !== "" || layer.areas <= LISTED);
    const found = await Promise.all(
      layers.map(async (layer) => {
        const areas = await this.areas(layer.key);
        const some = text.trim() === "" ? areas : matching(areas, text).slice(0, MATCHES);
        return some.map((area) => ({ layer, area: /** @type {Area} */ (area) }));
      }),
    );
    if (!this.open || text !== (this.typed ? this.input.value : "")) return;
    this.rows = found.flat();
    this.active = text === "" ? this.rows.findIndex((row) => this.isChosen(row)) : 0;
    this.draw();
    if (text !== "" || this.failed) {
      const n = this.rows.length;
      this.context.say(n === 0 ? this.nothing() : this.context.words().count("search.count", n));
    }
  }

  /** Why no area is listed. */
  nothing() {
    const words = this.context.words();
    return this.failed
      ? words.t("map.failed", { message: words.t("error.network") })
      : words.t("search.none");
  }

  /** @param {Row} row */
  isChosen({ layer, area }) {
    return this.chosen?.layer === layer.key && this.chosen.code === area.code;
  }

  draw() {
    const words = this.context.words();
    const several = new Set(this.rows.map((row) => row.layer.key)).size > 1;
    const options = this.rows.map(({ layer, area }, i) =>
      element(
        "li",
        {
          role: "option",
          id: `area-${i}`,
          "aria-selected": String(i === this.active),
          onmousedown: (/** @type {Event} */ event) => event.preventDefault(),
          onclick: () => this.pick({ layer: layer.key, code: area.code }),
        },
        element("span", { class: "area-name" }, area.name),
        several ? element("small", {}, layer.label[words.lang]) : null,
        element("small", {}, words.number(area.n)),
      ),
    );
    const none = element("li", { class: "none", role: "presentation" }, this.nothing());
    this.list.replaceChildren(...(options.length > 0 ? options : [none]));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  mark() {
    for (const [i, node] of [...this.list.children].entries()) {
      node.setAttribute("aria-selected", String(i === this.active));
    }
    const node = this.list.children[this.active];
    if (node?.id) this.input.setAttribute("aria-activedescendant", node.id);
    else this.input.removeAttribute("aria-activedescendant");
    node?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const n = this.rows.length;
      if (!this.open) this.show();
      else if (n > 0) {
        this.active = (this.active + step + n) % n;
        this.mark();
      }
    } else if (event.key === "Enter") {
      const row = this.rows[this.active];
      if (this.open && row) this.pick({ layer: row.layer.key, code: row.area.code });
      else if (this.typed && this.input.value.trim() === "") this.pick(null);
    } else if (event.key === "Escape" && this.open) {
      event.stopPropagation();
      this.close();
    }
  }

  /** @param {Choice | null} choice */
  pick(choice) {
    this.typed = false;
    this.close();
    this.context.onPick(choice);
  }

  /** What was typed and not chosen is forgotten. */
  close() {
    this.open = false;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (this.typed) {
      this.typed = false;
      this.render(this.chosen);
    }
  }
}
