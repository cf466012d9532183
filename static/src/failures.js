// Why something did not come, in words.

import { RequestFailed } from "./api.js";

/** @import {Words} from "./words.js" */

/** @param {Error} error @param {Words} words */
export function messageOf(error, words) {
  if (!(error instanceof RequestFailed)) return error.message;
  if (error.detail) return error.detail;
  const { status } = error;
  return status === 0 ? words.t("error.network") : words.t("error.server", { status });
}

/** As a sentence, for the place where it would have stood. @param {Error} error @param {Words} words */
export function failedText(error, words) {
  return words.t("map.failed", { message: messageOf(error, words) });
}
