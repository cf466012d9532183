// What every page with data shares: its data, its language, its one heading.

import { byId, element } from "./dom.js";
import { Words } from "./words.js";

/** @import {Attribute, Language, PageData} from "./types.d.ts" */

const YEAR_S = 31_536_000;

/** @returns {PageData} */
export function readPageData() {
  return JSON.parse(byId("page-data").textContent ?? "");
}

/** The next page opens in this language too. @param {Language} lang */
export function rememberLanguage(lang) {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in Firefox and Safari.
  document.cookie = `lang=${lang}; path=/; max-age=${YEAR_S}; SameSite=Lax`;
}

/** Writes all fixed texts of the page anew, in the language of the words. @param {Words} words */
export function translatePage(words) {
  document.documentElement.lang = words.lang;
  for (const node of document.querySelectorAll("[data-t]")) {
    node.textContent = words.t(node.getAttribute("data-t") ?? "");
  }
  for (const node of document.querySelectorAll("[data-t-label]")) {
    const label = words.t(node.getAttribute("data-t-label") ?? "");
    node.setAttribute("aria-label", label);
    if (node.hasAttribute("title")) node.setAttribute("title", label);
  }
  for (const link of document.querySelectorAll("a[data-keep-lang]")) {
    const url = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    url.searchParams.set("lang", words.lang);
    link.setAttribute("href", url.pathname + url.search);
  }
  for (const link of document.querySelectorAll("a[data-lang]")) {
    if (link.getAttribute("data-lang") === words.lang) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Switches the language on the spot instead of loading the page again. @param {(lang: Language) => void} onSwitch */
export function listenForLanguage(onSwitch) {
  for (const link of document.querySelectorAll("a[data-lang]")) {
    link.addEventListener("click", (event) => {
      const click = /** @type {MouseEvent} */ (event);
      if (click.metaKey || click.ctrlKey || click.shiftKey || click.button !== 0) return;
      event.preventDefault();
      onSwitch(/** @type {Language} */ (link.getAttribute("data-lang")));
    });
  }
}

/** Browsers without `field-sizing` get the width of the chosen word from here. @param {HTMLSelectElement} select */
function fitToWord(select) {
  if (CSS.supports("field-sizing", "content")) return;
  const measure = element("span", { class: "sentence-measure" }, select.selectedOptions[0]?.text);
  select.after(measure);
  select.style.width = `calc(${measure.offsetWidth}px + 1.1em)`;
  measure.remove();
}

/**
 * The heading's select, as wide as the chosen word, so that the sentence reads as one.
 * @param {Attribute[]} attributes @param {(key: string) => void} onChange
 */
export function sentence(attributes, onChange) {
  const select = /** @type {HTMLSelectElement} */ (byId("attribute"));
  select.addEventListener("change", () => onChange(select.value));
  return {
    /** @param {string} key @param {Words} words */
    render(key, words) {
      attributes.forEach((attribute, i) => {
        const option = select.options[i];
        if (option) option.text = attribute.label[words.lang];
      });
      select.value = key;
      fitToWord(select);
      const label = select.selectedOptions[0]?.text ?? "";
      document.title = `${words.t("title", { attribute: label })} · ${words.t("site.name")}`;
    },
  };
}
