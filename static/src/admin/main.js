// The admin's pages.

import { byId } from "../dom.js";
import * as batch from "./batch.js";
import * as batches from "./batches.js";
import * as releases from "./releases.js";
import * as comparison from "./releases-comparison.js";
import { AdminWords } from "./words.js";

/** @import {PageData} from "./types.d.ts" */

/** @type {PageData} */
const data = JSON.parse(byId("page-data").textContent ?? "");
const words = new AdminWords(data.lang);
if (data.kind === "batches") batches.start(words);
else if (data.kind === "releases") releases.start(data.list, words);
else if (data.kind === "release") comparison.start(data, words);
else batch.start(data.batch, words);
