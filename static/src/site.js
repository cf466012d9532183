// Every page: a language that was chosen is kept for the next page.

import { rememberLanguage } from "./page.js";

/** @import {Language} from "./types.d.ts" */

for (const link of document.querySelectorAll("a[data-lang]")) {
  link.addEventListener("click", () => {
    rememberLanguage(/** @type {Language} */ (link.getAttribute("data-lang")));
  });
}
