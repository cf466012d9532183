// Asking for a photo to be taken down: a button that becomes a short form.

import * as api from "../api.js";
import { element } from "../dom.js";

/** @import {Words} from "../words.js" */

/** @type {[reason: string, text: string][]} */
const REASONS = [
  ["person", "report.person"],
  ["plate", "report.plate"],
  ["home", "report.home"],
  ["wrong", "report.wrong"],
  ["other", "report.other"],
];

/** @param {number} photo @param {Words} words */
export function reportPart(photo, words) {
  const part = element("div", { class: "report" });
  const problem = element("p", { class: "notice notice-bad", role: "alert", hidden: true });

  /** @param {boolean} [focused] */
  function closed(focused = false) {
    const button = element(
      "button",
      { type: "button", class: "link", "data-focus": "report", onclick: open },
      words.t("report.button"),
    );
    part.replaceChildren(button);
    if (focused) button.focus();
  }

  function open() {
    const reason = element(
      "select",
      { name: "reason", autocomplete: "off" },
      REASONS.map(([key, text]) => element("option", { value: key }, words.t(text))),
    );
    const text = element("textarea", { name: "text", rows: 3, maxlength: 1000 });
    const send = element("button", { class: "button" }, words.t("report.send"));
    problem.hidden = true;
    const form = element(
      "form",
      {
        class: "report-form",
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          send.disabled = true;
          await sent(reason.value, text.value);
          send.disabled = false;
        },
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          // Arrows are the field's here, and not the way to another photo.
          if (event.key !== "Escape") event.stopPropagation();
        },
      },
      element("h3", {}, words.t("report.title")),
      element("label", { class: "field" }, element("span", {}, words.t("report.reason")), reason),
      element("label", { class: "field" }, element("span", {}, words.t("report.text")), text),
      element("p", { class: "quiet" }, words.t("report.note")),
      problem,
      element(
        "div",
        { class: "report-buttons" },
        send,
        element(
          "button",
          { type: "button", class: "button button-quiet", onclick: () => closed(true) },
          words.t("report.cancel"),
        ),
      ),
    );
    part.replaceChildren(form);
    reason.focus();
  }

  /** @param {string} reason @param {string} text */
  async function sent(reason, text) {
    try {
      const wait_s = await api.report(photo, { reason, text });
      if (wait_s === null) {
        const done = element("p", { class: "notice", role: "status", tabindex: -1 });
        part.replaceChildren(done);
        done.textContent = words.t("report.sent");
        done.focus();
        return;
      }
      problem.textContent = words.t("report.paused", { minutes: Math.ceil(wait_s / 60) });
    } catch (error) {
      const { detail } = /** @type {api.RequestFailed} */ (error);
      problem.textContent = words.t("map.failed", { message: detail ?? words.t("error.network") });
    }
    problem.hidden = false;
  }

  closed();
  return part;
}
