// «Filtrar»: ranges of scores of all six attributes at once.

import { byId, element, keepFocus } from "../dom.js";
import { rangeFields } from "../range-fields.js";

/** @import {Desk} from "./desk.js" */

export class Ranges {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.root = byId("ranges");
    this.isOn = false;
  }

  toggle() {
    this.isOn = !this.isOn;
    this.render();
    if (this.isOn) this.root.querySelector("input")?.focus({ preventScroll: true });
    else byId("tools-button").focus({ preventScroll: true });
  }

  render() {
    this.root.hidden = !this.isOn;
    if (!this.isOn) return this.root.replaceChildren();
    const { words, page, state, store } = this.desk;
    keepFocus(this.root, () =>
      this.root.replaceChildren(
        element(
          "header",
          { class: "ranges-head" },
          element("h2", {}, words.t("ranges.title")),
          element("button", {
            type: "button",
            class: "close",
            "data-focus": "ranges-close",
            "aria-label": words.t("ranges.close"),
            onclick: () => this.toggle(),
          }),
        ),
        element("p", { class: "quiet" }, words.t("ranges.note")),
        ...rangeFields({
          attributes: page.attributes,
          ranges: state.only,
          words,
          onChange: (only) => store.set({ only }),
        }),
        element(
          "button",
          {
            type: "button",
            class: "button button-quiet",
            "data-focus": "ranges-clear",
            disabled: state.only.length === 0,
            onclick: () => store.set({ only: [] }),
          },
          words.t("ranges.clear"),
        ),
      ),
    );
  }
}
