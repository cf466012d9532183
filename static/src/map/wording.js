// The sentences about a place, from its figures.

/** @import {Area, Attribute, Figure, Hit, Release} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/** Mean with its interval where there is one, as «6,9 (6,6–7,2)». @param {Words} words @param {Figure} figure */
export function withInterval(words, { mean, ci95 }) {
  const interval = ci95 ? ` (${words.score(ci95[0])}–${words.score(ci95[1])})` : "";
  return words.score(mean) + interval;
}

/** The one-line tip of an area. @param {Words} words @param {Area} area @param {string} attribute */
export function tipOfArea(words, { name, n, shown, attributes }, attribute) {
  const figure = attributes[attribute];
  if (n === 0) return words.t("tip.area.none", { name });
  if (!shown || !figure) return words.t("tip.area.few", { name, n: words.number(n) });
  const values = { name, mean: words.score(figure.mean), n: words.number(n) };
  if (!figure.ci95) return words.t("tip.area.plain", values);
  const [low, high] = figure.ci95.map((v) => words.score(v));
  return words.t("tip.area", { ...values, low: low ?? "", high: high ?? "" });
}

/**
 * The tip of a square or a photo.
 * @param {Words} words @param {Exclude<Hit, { kind: "area" }>} hit @param {number} attribute index
 * @param {string} size of the square
 */
export function tipOf(words, hit, attribute, size) {
  const score = hit.scores[attribute];
  const mean = score === null || score === undefined ? words.t("tip.unscored") : words.score(score);
  if (hit.kind === "photo") return words.t("tip.photo", { mean });
  return words.count("tip.cell", hit.n, { size, mean });
}

/** «Providencia · +1,2 (6,9 menos 5,7)» @param {Words} words @param {string} name @param {[one: number, other: number]} both */
export function tipOfDifference(words, name, [one, other]) {
  return words.t("tip.difference", {
    name,
    difference: words.difference(one - other),
    one: words.score(one),
    other: words.score(other),
  });
}

/** Of 100 photos of the city, how many a random photo of the place outranks. @param {number} mean */
function share(mean) {
  return Math.round(mean * 10);
}

/**
 * «Una foto al azar de Providencia se ve más segura que 69 de cada 100 de Santiago»
 * @param {Words} words @param {string | null} name null for a square @param {string} attribute @param {number} mean
 */
export function sentenceOf(words, name, attribute, mean) {
  const values = {
    name: name ?? "",
    comparative: words.t(`comparative.${attribute}`),
    share: share(mean),
  };
  return words.t(name === null ? "panel.sentence.cell" : "panel.sentence", values);
}

/**
 * The sentence with all that it takes to quote it.
 * @param {Words} words @param {string} sentence @param {Figure} figure @param {Release} release
 */
export function citation(words, sentence, figure, release) {
  const values = {
    sentence,
    n: words.number(figure.n),
    release: release.release,
    date: words.date(release.published_at),
  };
  const text = figure.ci95
    ? words.t("panel.cite", { ...values, low: share(figure.ci95[0]), high: share(figure.ci95[1]) })
    : words.t("panel.cite.plain", values);
  return release.demo ? `${text} ${words.t("panel.cite.demo")}` : text;
}

/** Best to worst headings of the panel's photos. @param {Words} words @param {Attribute} attribute */
export function photoHeadings(words, { key }) {
  return /** @type {const} */ ([
    ["most", words.t(`most.${key}`)],
    ["typical", words.t("typical")],
    ["least", words.t(`least.${key}`)],
  ]);
}
