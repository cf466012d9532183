// What is written around the map in the image that is taken away.

import { download, imageOf } from "./image.js";

/** @import {Beside} from "./beside.js" */
/** @import {Desk} from "./desk.js" */
/** @import {Plate} from "./image.js" */
/** @import {Key} from "./key.js" */
/** @import {LegendModel} from "./legend.js" */

/** @param {Desk} desk @param {LegendModel[]} legends @returns {Plate} */
function plateOf(desk, legends) {
  const { words, attribute, release, state, page, layers } = desk;
  const label = attribute.label[words.lang];
  const title = `${words.t("sentence.before")} ${label} ${words.t("sentence.after")}`;
  const [model] = legends;
  const only = state.only.map(({ attribute: key, low, high }) =>
    words.t("legend.only.range", {
      label: desk.attributeOf(key).label[words.lang],
      low: words.number(low),
      high: words.number(high),
    }),
  );
  const sources = layers.flatMap(({ label: name, source, licence }) =>
    source ? [`${name[words.lang]}: ${[source, licence].filter(Boolean).join(", ")}`] : [],
  );
  const made = words.t("image.made", { date: words.date(new Date().toISOString()) });
  return {
    title,
    notes: [
      page.demo ? words.t("demo.line") : "",
      model ? [model.caption, model.explanation, model.sample].filter(Boolean).join(". ") : "",
      only.length > 0 ? `${words.t("legend.only")}: ${only.join(", ")}` : "",
    ].filter(Boolean),
    legends,
    foot: [
      words.t(page.demo ? "intro.demo" : "intro"),
      release
        ? words.t("legend.release", {
            release: release.release,
            date: words.date(release.published_at),
            n: words.number(release.photos),
          })
        : "",
      [`${words.t("site.name")}. ${made}`, ...sources].join(" · "),
      location.origin + location.pathname + location.search,
    ].filter(Boolean),
  };
}

/** Hands the map as it is to the browser, as an image. @param {Desk} desk @param {Key} key @param {Beside} beside */
export async function saveImage(desk, key, beside) {
  const legends = [key.last, beside.isOn ? (beside.made?.key.last ?? null) : null];
  const plate = plateOf(
    desk,
    legends.filter((model) => model !== null),
  );
  const day = new Date().toISOString().slice(0, 10);
  download(await imageOf(plate), `mirada-${desk.state.attribute}-${day}.png`);
}
