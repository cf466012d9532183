// How the scores of a place's photos are spread, over the colours that photos have on the map.

import * as api from "../api.js";
import { cividis } from "../colour.js";
import { element } from "../dom.js";
import { failedText } from "../failures.js";
import { chart } from "./histogram.js";
import { colourBar } from "./legend.js";
import { figuresOf, keyOf } from "./subject.js";

/** @import {Attribute, Histogram} from "../types.d.ts" */
/** @import {Words} from "../words.js" */
/** @import {Subject} from "./subject.js" */

const HEIGHT = 36;
/** Bins that are said together to who does not see the bars. */
const SAID_TOGETHER = 4;

/** @typedef {Histogram["attributes"]} Scores photos in 20 bins, half a point wide, by attribute */

/** null of squares too small to have them. @param {Subject} subject @returns {Promise<Scores | null>} */
async function scoresOf(subject) {
  if (subject.kind === "zone") return subject.zone.histogram;
  if (subject.kind === "cell") return subject.cell.histogram ?? null;
  return (await api.area(subject.layer.key, subject.area.code)).histogram;
}

export class Distribution {
  /** @param {{ attribute: () => Attribute, words: () => Words }} context */
  constructor(context) {
    this.context = context;
    /** Of the subject that was asked for last. @type {{ key: string, figures: object, scores: Promise<Scores | null> } | null} */
    this.last = null;
  }

  /** Filled once its bars are there, or with why they are not. @param {Subject} subject */
  of(subject) {
    const place = element("div", {});
    this.scores(subject).then(
      (found) => {
        const attribute = this.context.attribute();
        const counts = found?.[attribute.key];
        if (counts) place.replaceChildren(drawn(counts, attribute, this.context.words()));
      },
      (error) => {
        this.last = null;
        const text = failedText(error, this.context.words());
        place.replaceChildren(element("p", { class: "quiet footnote" }, text));
      },
    );
    return place;
  }

  /** Asked for once for the same figures. @param {Subject} subject */
  scores(subject) {
    const key = keyOf(subject);
    const figures = figuresOf(subject);
    if (this.last?.key !== key || this.last.figures !== figures) {
      this.last = { key, figures, scores: scoresOf(subject) };
    }
    return this.last.scores;
  }
}

/** @param {number[]} counts from 0 to 10 @param {Attribute} attribute @param {Words} words */
function drawn(counts, { least, most, palette }, words) {
  const isReversed = palette === "reversed";
  const ends = [`0 · ${least[words.lang]}`, `${most[words.lang]} · 10`];
  if (isReversed) ends.splice(0, 2, `10 · ${most[words.lang]}`, `${least[words.lang]} · 0`);
  return element(
    "div",
    { class: "spread", role: "img", "aria-label": said(counts, words) },
    element("p", { class: "quiet" }, words.t("panel.spread")),
    chart(isReversed ? [...counts].reverse() : counts, null, null, HEIGHT),
    colourBar({ colour: cividis }, "panel-colours"),
    element(
      "p",
      { class: "ends" },
      ends.map((end) => element("span", {}, end)),
    ),
  );
}

/** @param {number[]} counts @param {Words} words */
function said(counts, words) {
  const parts = [];
  for (let from = 0; from < counts.length; from += SAID_TOGETHER) {
    const n = counts.slice(from, from + SAID_TOGETHER).reduce((sum, each) => sum + each, 0);
    const [low, high] = [from / 2, (from + SAID_TOGETHER) / 2];
    parts.push(words.t("legend.bin", { low, high, n: words.number(n) }));
  }
  return `${words.t("panel.spread")}: ${parts.join("; ")}`;
}
