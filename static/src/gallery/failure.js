// Why a list, or a sample of it, did not come.

import { RequestFailed } from "../api.js";
import { failedText } from "../failures.js";

/** @import {Words} from "../words.js" */

/** @param {Error} failure @param {Words} words */
export function failureText(failure, words) {
  if (!(failure instanceof RequestFailed && failure.problem.code === "too-large")) {
    return failedText(failure, words);
  }
  const { photos, limit } = failure.problem;
  return words.t("gallery.large", { photos: words.number(photos), limit: words.number(limit) });
}
