// The page of all batches: its form makes one and opens it.

import { byId } from "../dom.js";
import { create, RequestFailed } from "./api.js";

/** @import {AdminWords} from "./words.js" */

/** @param {AdminWords} words */
export function start(words) {
  const form = /** @type {HTMLFormElement} */ (byId("new-batch"));
  for (const node of document.querySelectorAll("time[data-date]")) {
    node.textContent = words.days.format(new Date(node.getAttribute("datetime") ?? ""));
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
    const problem = byId("new-problem");
    button.disabled = true;
    problem.hidden = true;
    try {
      const batch = await create({
        title: fields.get("title"),
        source: fields.get("source"),
        licence: fields.get("licence"),
        attribution: fields.get("attribution") || null,
        blurred: fields.has("blurred"),
      });
      location.assign(`/admin/batches/${batch.id}?lang=${words.lang}`);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const message = error.status === 0 ? words.t("error.network") : error.message;
      problem.textContent = words.t("new.failed", { message });
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
