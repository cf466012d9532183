// A photo small: in the panel's columns and in the gallery.

import { colourOf } from "../colour.js";
import { element } from "../dom.js";
import { scaleOf } from "../scale.js";

/** @import {Attribute, Photo} from "../types.d.ts" */
/** @import {Words} from "../words.js" */

/**
 * @param {Photo} photo
 * @param {{ attribute: Attribute, words: Words, onOpen: (id: number) => void, eager?: boolean }} options
 */
export function photoCard(photo, { attribute, words, onOpen, eager = false }) {
  const score = photo.scores[attribute.key];
  const label = attribute.label[words.lang];
  return element(
    "button",
    {
      type: "button",
      class: "photo-card",
      "data-focus": `photo-${photo.id}`,
      "data-photo": photo.id,
      onclick: () => onOpen(photo.id),
    },
    element("span", { class: "visually-hidden" }, words.t("photo.open", { n: photo.id, label })),
    photo.thumbnail
      ? element("img", {
          src: photo.thumbnail,
          alt: "",
          loading: eager ? "eager" : "lazy",
          decoding: "async",
          width: photo.width_px,
          height: photo.height_px,
        })
      : element("span", { class: "photo-none" }, words.t("photo.none")),
    element(
      "span",
      { class: "photo-score" },
      score === undefined
        ? null
        : element("i", { style: { background: colourOf(scaleOf(attribute, null), score) } }),
      score === undefined ? "—" : words.score(score),
    ),
  );
}
