// Six attributes as short bars from the middle of the scale, 5 being half of the city.

import { colourOf } from "./colour.js";
import { element } from "./dom.js";
import { position, scaleOf } from "./scale.js";

/** @import {Attribute, Figures} from "./types.d.ts" */
/** @import {Words} from "./words.js" */

/** @typedef {{ name: string, figures: Figures, className: string }} Mark others to compare with */

/**
 * @typedef {object} BarOptions
 * @property {Attribute[]} attributes
 * @property {Figures} figures
 * @property {number | null} spread as in `scaleOf`
 * @property {string} current the attribute whose ends are spelt out
 * @property {Mark[]} [marks]
 * @property {(key: string) => void} [onSwitch] makes each bar a button
 * @property {Words} words
 */

/** @param {number} along 0 to 1 */
function percent(along) {
  return `${(along * 100).toFixed(2)}%`;
}

/** @param {Attribute} attribute @param {BarOptions} options */
function track(attribute, { figures, spread, marks = [] }) {
  const scale = scaleOf(attribute, spread);
  const figure = figures[attribute.key];
  const parts = [element("span", { class: "bar-middle" })];
  if (figure) {
    const at = position(scale, figure.mean);
    const fill = {
      left: percent(Math.min(0.5, at)),
      width: percent(Math.abs(at - 0.5)),
      background: colourOf(scale, figure.mean),
    };
    parts.push(element("span", { class: "bar-fill", style: fill }));
    if (figure.ci95) {
      const [from = 0, to = 0] = figure.ci95.map((v) => position(scale, v)).sort((a, b) => a - b);
      parts.push(
        element("span", {
          class: "bar-interval",
          style: { left: percent(from), width: percent(to - from) },
        }),
      );
    }
    parts.push(
      element("span", {
        class: "bar-dot",
        style: { left: percent(at), background: colourOf(scale, figure.mean) },
      }),
    );
  }
  for (const { figures: other, className } of marks) {
    const mean = other[attribute.key]?.mean;
    if (mean === undefined) continue;
    parts.push(
      element("span", {
        class: `bar-mark ${className}`,
        style: { left: percent(position(scale, mean)) },
      }),
    );
  }
  return element("span", { class: "bar-track" }, parts);
}

/** What a screen reader says of one bar. @param {Attribute} attribute @param {BarOptions} options */
function spoken(attribute, { figures, marks = [], words }) {
  const label = attribute.label[words.lang];
  const figure = figures[attribute.key];
  if (!figure) return words.t("panel.bar.none", { label });
  const mean = words.score(figure.mean);
  const own = figure.ci95
    ? words.t("panel.bar.interval", {
        label,
        mean,
        low: words.score(figure.ci95[0]),
        high: words.score(figure.ci95[1]),
      })
    : words.t("panel.bar", { label, mean });
  const others = marks.map(({ name, figures: other }) => {
    const theirs = other[attribute.key]?.mean;
    return theirs === undefined ? "" : `; ${name} ${words.score(theirs)}`;
  });
  return own + others.join("");
}

/** @param {Attribute} attribute @param {BarOptions} options */
function row(attribute, options) {
  const { figures, current, onSwitch, words } = options;
  const isCurrent = attribute.key === current;
  const figure = figures[attribute.key];
  const reversed = attribute.palette === "reversed";
  const ends = [attribute.least[words.lang], attribute.most[words.lang]];
  if (reversed) ends.reverse();
  const inside = [
    element("span", { class: "bar-label" }, attribute.label[words.lang]),
    element("span", { class: "bar-value" }, figure ? words.score(figure.mean) : "—"),
    track(attribute, options),
    element(
      "span",
      { class: "bar-ends" },
      ends.map((end) => element("span", {}, end)),
    ),
  ];
  const props = {
    class: "bar",
    "data-focus": `bar-${attribute.key}`,
    "aria-label": spoken(attribute, options),
  };
  const body = onSwitch
    ? element(
        "button",
        {
          ...props,
          type: "button",
          "aria-pressed": String(isCurrent),
          title: words.t("panel.bar.switch"),
          onclick: () => onSwitch(attribute.key),
        },
        inside,
      )
    : element("div", { ...props, role: "img" }, inside);
  return element("li", { class: isCurrent ? "bar-row is-current" : "bar-row" }, body);
}

/** @param {BarOptions} options */
export function bars(options) {
  return element(
    "ul",
    { class: "bars" },
    options.attributes.map((a) => row(a, options)),
  );
}
