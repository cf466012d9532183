// «Diferencia»: what the map's attribute is compared with, chosen in a line under the question.

import * as api from "../api.js";
import { byId, element, keepFocus } from "../dom.js";

/** @import {Reading, ReleaseList} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */

/** The next attribute, which is never the same one. @param {string[]} keys @param {string} key */
export function another(keys, key) {
  return keys[(keys.indexOf(key) + 1) % keys.length] ?? key;
}

/**
 * What is subtracted once another attribute is shown: it follows where it was the same of another
 * release, and changes places with an attribute of the same release.
 * @param {Reading | null} against @param {string} before @param {string} now @returns {Reading | null}
 */
export function followed(against, before, now) {
  if (!against) return null;
  if (against.release)
    return against.attribute === before ? { ...against, attribute: now } : against;
  return against.attribute === now ? { ...against, attribute: before } : against;
}

/** Names of the releases that can be chosen, asked for when first needed. */
export class ReleaseNames {
  /** @param {() => void} onArrived @param {(error: Error) => void} onError */
  constructor(onArrived, onError) {
    this.onArrived = onArrived;
    this.onError = onError;
    /** @type {ReleaseList["releases"]} */
    this.list = [];
    this.isAsked = false;
  }

  async want() {
    if (this.isAsked) return;
    this.isAsked = true;
    try {
      const { releases } = await api.releases();
      this.list = releases.filter((release) => release.published_at !== null);
      this.onArrived();
    } catch (error) {
      this.isAsked = false;
      this.onError(/** @type {Error} */ (error));
    }
  }

  /** @param {string | undefined} but */
  others(but) {
    return this.list.map(({ name }) => name).filter((name) => name !== but);
  }
}

export class Difference {
  /** @param {Desk} desk @param {ReleaseNames} names */
  constructor(desk, names) {
    this.desk = desk;
    this.names = names;
    this.root = byId("difference");
  }

  get isOn() {
    return this.desk.state.against !== null;
  }

  toggle() {
    const { store, state, keys } = this.desk;
    const against = { attribute: another(keys, state.attribute), release: null };
    store.set({ against: this.isOn ? null : against });
    if (this.isOn) this.root.querySelector("select")?.focus({ preventScroll: true });
    else byId("tools-button").focus({ preventScroll: true });
  }

  /** @param {Reading} against */
  choose(against) {
    const { store, state, keys } = this.desk;
    const isSame = !against.release && against.attribute === state.attribute;
    const attribute = isSame ? another(keys, state.attribute) : against.attribute;
    store.set({ against: { ...against, attribute } });
  }

  render() {
    const { against } = this.desk.state;
    this.root.hidden = !against;
    if (!against) {
      this.root.replaceChildren();
      return;
    }
    this.names.want();
    const { words } = this.desk;
    keepFocus(this.root, () =>
      this.root.replaceChildren(
        element("span", { class: "versus-word" }, words.t("difference.with")),
        this.attributes(against),
        this.releases(against) ?? "",
        element("button", {
          type: "button",
          class: "close versus-close",
          "data-focus": "difference-close",
          "aria-label": words.t("difference.stop"),
          title: words.t("difference.stop"),
          onclick: () => this.toggle(),
        }),
      ),
    );
  }

  /** @param {Reading} against */
  attributes(against) {
    const { page, words, state } = this.desk;
    const options = page.attributes.map(({ key, label }) => ({
      value: key,
      text: label[words.lang],
      disabled: !against.release && key === state.attribute,
    }));
    return choice("difference-attribute", words.t("difference.attribute"), {
      options,
      value: against.attribute,
      onChange: (attribute) => this.choose({ ...against, attribute }),
    });
  }

  /** null where there is but one. @param {Reading} against */
  releases(against) {
    const { words, state } = this.desk;
    return releaseChoice("difference-release", words.t("difference.releases"), {
      desk: this.desk,
      names: this.names,
      chosen: against.release,
      onChange: (release) =>
        this.choose({ attribute: release ? state.attribute : against.attribute, release }),
    });
  }
}

/**
 * The map's own release or another one; null where there is no other.
 * @param {string} id @param {string} label
 * @param {{ desk: Desk, names: ReleaseNames, chosen: string | null, onChange: (release: string | null) => void }} model
 */
export function releaseChoice(id, label, { desk, names, chosen, onChange }) {
  const { words, release } = desk;
  const others = names.others(release?.release);
  if (chosen && !others.includes(chosen)) others.unshift(chosen);
  if (others.length === 0) return null;
  return choice(id, label, {
    options: [
      { value: "", text: words.t("difference.same") },
      ...others.map((name) => ({ value: name, text: words.t("difference.release", { name }) })),
    ],
    value: chosen ?? "",
    onChange: (name) => onChange(name || null),
  });
}

/**
 * A small select.
 * @param {string} id @param {string} label
 * @param {{ options: { value: string, text: string, disabled?: boolean }[], value: string, onChange: (value: string) => void }} model
 */
export function choice(id, label, { options, value, onChange }) {
  const select = element(
    "select",
    { class: "choice", id, "aria-label": label, "data-focus": id, autocomplete: "off" },
    options.map((option) =>
      element(
        "option",
        { value: option.value, disabled: option.disabled, selected: option.value === value },
        option.text,
      ),
    ),
  );
  select.addEventListener("change", () => onChange(select.value));
  return select;
}
