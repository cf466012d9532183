// Why a list, or a sample of it, did not come.

import { RequestFailed } from "../api.js";

/** @import {Words} from "../words.js" */

/** @param {Error} failure @param {Words} words */
export function failureText(failure, words) {
  if (!(failure instanceof RequestFailed)) {
    return words.t("map.failed", { message: failure.message });
  }
  const { detail, problem } = failure;
  if (problem.code !== "too-large") {
    return words.t("map.failed", { message: detail ?? words.t("error.network") });
  }
  const { photos, limit } = problem;
  return words.t("gallery.large", { photos: words.number(photos), limit: words.number(limit) });
}
