// Sends many files, a few at a time, and each again until it has an answer.

import { Unreadable } from "./dropping.js";

/** @import {Left, Sendable, Upload} from "./types.d.ts" */

const PARALLEL = 4;
const ATTEMPTS = 10;
const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 30;

/**
 * @typedef {object} Failure
 * @property {boolean} passes whether the same request may succeed a little later
 * @property {boolean} ends whether every other request would fail as well
 * @property {number} [retryAfterS]
 */

/**
 * Seconds before the attempt after `attempt` failed ones: doubled each time, at most half a minute.
 * @param {number} attempt @param {number} retryAfterS what the server asks for
 */
export function pauseS(attempt, retryAfterS = 0) {
  return Math.max(retryAfterS, Math.min(FIRST_PAUSE_S * 2 ** (attempt - 1), LONGEST_PAUSE_S));
}

export class Sending {
  /**
   * @param {object} parts
   * @param {(path: string, data: File) => Promise<Upload>} parts.send
   * @param {(path: string, data: File) => Promise<Upload | undefined>} [parts.arrived] the verdict of
   *   a file that is there already
   * @param {(upload: Upload) => void} parts.onAnswer
   * @param {() => void} parts.onChange
   * @param {(seconds: number) => Promise<void>} [parts.pause]
   */
  constructor({ send, arrived = async () => undefined, onAnswer, onChange, pause = sleep }) {
    this.send = send;
    this.arrived = arrived;
    this.onAnswer = onAnswer;
    this.onChange = onChange;
    this.pause = pause;
    /** @type {Sendable[]} */
    this.queue = [];
    /** @type {{ sendable: Sendable, error: Error & Failure }[]} */
    this.failed = [];
    /** @type {Left[]} */
    this.unread = [];
    this.total = 0;
    this.done = 0;
    this.before = 0;
    this.answers = 0;
    this.waiting = 0;
    this.running = 0;
    /** @type {(() => void)[]} */
    this.whenIdle = [];
  }

  get active() {
    return this.running > 0 || this.queue.length > 0;
  }

  /** @param {Sendable[]} sendables */
  add(sendables) {
    if (!this.active) this.#forget();
    this.queue.push(...sendables);
    this.total += sendables.length;
    this.#fill();
    this.onChange();
  }

  /** Sends those again that had no answer. */
  again() {
    const failed = this.failed.map(({ sendable }) => sendable);
    this.failed = [];
    this.total -= failed.length;
    this.add(failed);
  }

  /** Resolves when nothing is under way. @returns {Promise<void>} */
  idle() {
    if (!this.active) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  #forget() {
    this.total = this.failed.length;
    this.done = 0;
    this.before = 0;
    this.unread = [];
  }

  #fill() {
    while (this.running < PARALLEL && this.queue.length > 0) {
      this.running += 1;
      this.#sendOne(/** @type {Sendable} */ (this.queue.shift())).then(() => {
        this.running -= 1;
        this.#fill();
        this.onChange();
        if (!this.active) for (const resolve of this.whenIdle.splice(0)) resolve();
      });
    }
  }

  /** @param {Sendable} sendable */
  async #sendOne(sendable) {
    const { path } = sendable;
    try {
      // Once for all attempts: what comes out of an archive is counted.
      const data = await sendable.read();
      const before = await this.arrived(path, data);
      if (before) this.before += 1;
      this.onAnswer(before ?? (await this.#answer(path, data)));
      this.done += 1;
    } catch (thrown) {
      if (thrown instanceof Unreadable) {
        this.unread.push({ path, reason: thrown.reason });
        return;
      }
      const error = /** @type {Error & Failure} */ (thrown);
      this.failed.push({ sendable, error });
      // The rest would wait as long, or fail as this one did.
      if (error.ends)
        this.failed.push(...this.queue.splice(0).map((s) => ({ sendable: s, error })));
    }
  }

  /** @param {string} path @param {File} data @returns {Promise<Upload>} */
  async #answer(path, data) {
    const answers = this.answers;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const upload = await this.send(path, data);
        this.answers += 1;
        return upload;
      } catch (thrown) {
        const error = /** @type {Error & Failure} */ (thrown);
        if (!error.passes) throw error;
        if (attempt === ATTEMPTS) {
          if (answers === this.answers) error.ends = true;
          throw error;
        }
        this.waiting += 1;
        this.onChange();
        await this.pause(pauseS(attempt, error.retryAfterS));
        this.waiting -= 1;
      }
    }
  }
}

/** @param {number} seconds @returns {Promise<void>} */
function sleep(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
