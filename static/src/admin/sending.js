// Sends many files, a few at a time, and each again until it has an answer.

/** @import {Sendable, Upload} from "./types.d.ts" */

const PARALLEL = 4;
const ATTEMPTS = 10;
const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 30;

/**
 * @typedef {object} Failure
 * @property {boolean} passes whether the same request may succeed a little later
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
   * @param {(sendable: Sendable) => Promise<Upload>} parts.send
   * @param {(upload: Upload) => void} parts.onAnswer
   * @param {() => void} parts.onChange
   * @param {(seconds: number) => Promise<void>} [parts.pause]
   */
  constructor({ send, onAnswer, onChange, pause = sleep }) {
    this.send = send;
    this.onAnswer = onAnswer;
    this.onChange = onChange;
    this.pause = pause;
    /** @type {Sendable[]} */
    this.queue = [];
    /** @type {{ sendable: Sendable, error: Error & Failure }[]} */
    this.failed = [];
    this.total = 0;
    this.done = 0;
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
    for (let attempt = 1; ; attempt += 1) {
      try {
        const upload = await this.send(sendable);
        this.done += 1;
        this.onAnswer(upload);
        return;
      } catch (thrown) {
        const error = /** @type {Error & Failure} */ (thrown);
        if (!error.passes || attempt === ATTEMPTS) {
          this.failed.push({ sendable, error });
          return;
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
