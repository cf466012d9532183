// Texts, numbers and dates of one language.

import en from "./texts/en.json" with { type: "json" };
import es from "./texts/es.json" with { type: "json" };

/** @import {Language} from "./types.d.ts" */

/** @typedef {keyof typeof es} TextKey */
/** @typedef {Record<string, string | number>} Values */

/** @type {Record<Language, Record<string, string>>} */
const TEXTS = { es, en };
/** es-CL groups thousands from four digits on, as people in Chile write them. */
const LOCALES = { es: "es-CL", en: "en-GB" };
/** es-CL writes a short date in digits only. */
const DATE_LOCALES = { es: "es", en: "en-GB" };

/**
 * Fills `{name}` places; a place without a value is left as it stands, to be seen.
 * @param {string} text @param {Values} values
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/** Lower case without accents, for comparing names. @param {string} text */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

export class Words {
  /** @param {Language} lang @param {string} city */
  constructor(lang, city) {
    this.lang = lang;
    this.city = city;
    const locale = LOCALES[lang];
    this.collator = new Intl.Collator(locale);
    this.scores = new Intl.NumberFormat(locale, {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    this.differences = new Intl.NumberFormat(locale, {
      maximumFractionDigits: 1,
      signDisplay: "exceptZero",
    });
    this.numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
    this.days = new Intl.DateTimeFormat(DATE_LOCALES[lang], { dateStyle: "medium" });
  }

  /** @param {string} key @param {Values} [values] */
  t(key, values = {}) {
    const text = TEXTS[this.lang][key];
    if (text === undefined) throw new Error(`There is no text "${key}" in ${this.lang}.json`);
    return fill(text, { city: this.city, ...values });
  }

  /**
   * The text of a number of things: `key.one` for one where there is such a text.
   * @param {string} key @param {number} n @param {Values} [values]
   */
  count(key, n, values = {}) {
    const one = n === 1 && TEXTS[this.lang][`${key}.one`] !== undefined;
    return this.t(one ? `${key}.one` : key, { n: this.number(n), ...values });
  }

  /** One decimal. @param {number} value */
  score(value) {
    return this.scores.format(value);
  }

  /** With its sign and at most one decimal. @param {number} value */
  difference(value) {
    return this.differences.format(value).replace("-", "−");
  }

  /** At most two decimals, thousands grouped. @param {number} value */
  number(value) {
    return this.numbers.format(value);
  }

  /** @param {string | null | undefined} iso */
  date(iso) {
    return iso ? this.days.format(new Date(iso)) : "—";
  }

  /** Two digits, as "610 m" or "1,2 km". @param {number} metres */
  distance(metres) {
    const rounded = Number(metres.toPrecision(2));
    return rounded >= 1000 ? `${this.number(rounded / 1000)} km` : `${this.number(rounded)} m`;
  }
}
