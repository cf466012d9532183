// The admin's pages.

import { byId } from "../dom.js";
import * as batch from "./batch.js";
import * as batches from "./batches.js";
import { AdminWords } from "./words.js";

/** @import {PageData} from "./types.d.ts" */

/** @type {PageData} */
const data = JSON.parse(byId("page-data").textContent ?? "");
const words = new AdminWords(data.lang);
if (data.kind === "batches") batches.start(words);
else batch.start(data.batch, words);
