// What a plot of two attributes says: how far they go together, and which photos are its points.

import { pointsOf, spearman, strengthOf } from "./points.js";

/** @import {Attribute, Sample} from "../types.d.ts" */
/** @import {Words} from "../words.js" */
/** @import {Point, Strength} from "./points.js" */

/** Of two attributes, the more of one and the more or the less of the other. */
const SENTENCES = { weak: "pair.weak", some: "pair.some", strong: "pair.strong" };

/** As «segura 6,9 · animada 4,3». @param {Point} point @param {[x: Attribute, y: Attribute]} pair @param {Words} words */
export function scoresText(point, [x, y], words) {
  const said = (/** @type {Attribute} */ { label }, /** @type {number} */ score) =>
    `${label[words.lang]} ${words.score(score)}`;
  return `${said(x, point.x)} · ${said(y, point.y)}`;
}

/** The first line is what the others explain. @param {Sample} sample @param {[x: Attribute, y: Attribute]} pair @param {Words} words @returns {string[]} */
export function linesOf(sample, pair, words) {
  if (sample.total === 0) return [words.t("gallery.none")];
  const points = pointsOf(sample, pair[0].key, pair[1].key);
  const rho = spearman(points);
  const strength = strengthOf(rho, points.length);
  const figure = strength === "few" ? [] : [words.t("pair.rho", { rho: hundredths(rho, words) })];
  return [
    sentence(pair, strength, rho ?? 0, words),
    ...figure,
    shown(sample, points.length, words),
  ];
}

/** @param {[x: Attribute, y: Attribute]} pair @param {Strength} strength @param {number} rho @param {Words} words */
function sentence([x, y], strength, rho, words) {
  const { lang } = words;
  if (strength === "few") return words.t("pair.few");
  if (strength === "none")
    return words.t("pair.none", { one: x.label[lang], other: y.label[lang] });
  const other = rho > 0 ? words.t(`comparative.${y.key}`) : y.least[lang];
  return words.t(SENTENCES[strength], { one: words.t(`comparative.${x.key}`), other });
}

/** @param {Sample} sample @param {number} drawn @param {Words} words */
function shown({ n, total }, drawn, words) {
  const some = words.number(n);
  const which =
    n < total
      ? words.t("pair.sample", { n: some, total: words.number(total) })
      : words.t("pair.all", { n: some });
  return drawn < n ? `${which} ${words.count("pair.left", n - drawn)}` : which;
}

/** @param {number | null} value @param {Words} words */
function hundredths(value, words) {
  return words.number(Math.round((value ?? 0) * 100) / 100).replace("-", "−");
}
