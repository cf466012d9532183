// Photos per second and time left, from what was counted lately.

const WINDOW_S = 30;
const LEAST_S = 8;

/**
 * Workers commit scores every few seconds, so the number of scored photos goes up in steps: speed
 * is measured from step to step. The first count is none, since the page may have been open for
 * long, or for a moment, when the scoring began.
 */
export class Rate {
  constructor() {
    /** @type {{ atS: number, done: number }[]} */
    this.steps = [];
    /** @type {number | null} */
    this.done = null;
  }

  /** @param {number} done @param {number} atS */
  add(done, atS) {
    if (this.done !== null && done > this.done) this.steps.push({ atS, done });
    if (this.done !== null && done < this.done) this.steps = [];
    this.done = done;
    while (
      this.steps.length > 2 &&
      atS - /** @type {{ atS: number }} */ (this.steps[0]).atS > WINDOW_S
    )
      this.steps.shift();
  }

  /** Null until there were steps for some seconds. @returns {number | null} */
  get perSecond() {
    const first = this.steps[0];
    const last = this.steps.at(-1);
    if (!first || !last || last.atS - first.atS < LEAST_S) return null;
    return (last.done - first.done) / (last.atS - first.atS);
  }

  /** Seconds, or null while nothing can be said. @param {number} left photos @returns {number | null} */
  timeLeft(left) {
    return this.perSecond === null || left <= 0 ? null : left / this.perSecond;
  }
}
