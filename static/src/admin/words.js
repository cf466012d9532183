// The admin's texts, numbers and dates of one language.

import { fill } from "../words.js";
import en from "./texts/en.json" with { type: "json" };
import es from "./texts/es.json" with { type: "json" };

/** @import {Language} from "../types.d.ts" */
/** @import {Upload} from "./types.d.ts" */

/** @type {Record<Language, Record<string, string>>} */
const TEXTS = { es, en };
const LOCALES = { es: "es-CL", en: "en-GB" };

export class AdminWords {
  /** @param {Language} lang */
  constructor(lang) {
    this.lang = lang;
    this.numbers = new Intl.NumberFormat(LOCALES[lang], { maximumFractionDigits: 1 });
    this.days = new Intl.DateTimeFormat(LOCALES[lang], { dateStyle: "medium" });
  }

  /** @param {string} key @param {Record<string, string | number>} [values] */
  t(key, values = {}) {
    const text = TEXTS[this.lang][key];
    if (text === undefined) throw new Error(`There is no text "${key}" in ${this.lang}.json`);
    return fill(text, values);
  }

  /** `key.one` for one, where there is such a text. @param {string} key @param {number} n @param {Record<string, string | number>} [values] */
  count(key, n, values = {}) {
    const one = n === 1 && `${key}.one` in TEXTS[this.lang];
    return this.t(one ? `${key}.one` : key, { n: this.number(n), ...values });
  }

  /** @param {number} value */
  number(value) {
    return this.numbers.format(value);
  }

  /** @param {number} seconds */
  time(seconds) {
    if (seconds < 90) return this.t("time.seconds", { n: Math.ceil(seconds) });
    return this.t("time.minutes", { n: this.number(Math.round(seconds / 60)) });
  }

  /** Why a file got its verdict: in this language for a known reason, else in the server's words. @param {Upload} upload */
  why({ reason, message, warnings, resembles }) {
    const known = reason !== null && `reason.${reason}` in TEXTS[this.lang];
    const sentences = [
      known ? this.t(`reason.${reason}`, { message: message ?? "" }) : (message ?? ""),
    ];
    for (const warning of warnings) {
      const gone = warning === "near-duplicate" && resembles === null;
      const key = `warning.${warning}${gone ? ".gone" : ""}`;
      const known = key in TEXTS[this.lang];
      sentences.push(known ? this.t(key, { photo: resembles ?? "" }) : warning);
    }
    return sentences.filter(Boolean).join(" ");
  }
}
