// Newer data takes the place of what the map shows, when it comes or when something was not found.

import * as api from "../api.js";
import { messageOf } from "../failures.js";

/** @import {Release} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */
/** @import {Frame} from "./frame.js" */
/** @import {Key} from "./key.js" */
/** @import {Kit} from "./kit.js" */
/** @import {Painter} from "./painter.js" */
/** @import {Selection} from "./selection.js" */
/** @import {Status} from "./status.js" */
/** @import {Tip} from "./tip.js" */

/**
 * @typedef {object} RenewalParts
 * @property {Desk} desk
 * @property {Painter} painter
 * @property {Key} key
 * @property {Kit} kit
 * @property {Frame} frame
 * @property {Selection} selection
 * @property {Status} status
 * @property {Tip} tip
 */

export class Renewal {
  /** @param {RenewalParts} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** @param {Release | null} release */
  async turnTo(release) {
    const { desk, painter, key, kit, frame, selection, tip } = this.parts;
    const isFirst = desk.release === null;
    desk.turnTo(release);
    painter.samples.forget();
    key.census.forget();
    kit.beside.forget();
    if (isFirst && !desk.state.view) frame.goHome();
    await painter.show();
    await kit.beside.show();
    await selection.show(true);
    tip.say(desk.words.t("map.updated"));
  }

  /** What was not found may only be out of date: then the current data replaces it. @param {Error} error */
  async failed(error) {
    const { desk, status } = this.parts;
    if (error instanceof api.RequestFailed && error.status === 404) {
      const now = await api.currentRelease().catch(() => desk.release);
      if (!api.isSameData(now, desk.release)) {
        await this.turnTo(now);
        return;
      }
    }
    status.fail(messageOf(error, desk.words), () => this.retry());
  }

  async retry() {
    const { desk, status } = this.parts;
    try {
      await this.turnTo(await api.currentRelease());
    } catch (error) {
      status.fail(messageOf(/** @type {Error} */ (error), desk.words), () => this.retry());
    }
  }
}
