// Photos per second and time left, from what was counted lately.

const WINDOW_S = 30;

export class Rate {
  constructor() {
    /** @type {{ atS: number, done: number }[]} */
    this.counts = [];
  }

  /** @param {number} done @param {number} atS */
  add(done, atS) {
    const last = this.counts.at(-1);
    if (last && done < last.done) this.counts = [];
    this.counts.push({ atS, done });
    while (
      this.counts.length > 2 &&
      atS - /** @type {{ atS: number }} */ (this.counts[0]).atS > WINDOW_S
    )
      this.counts.shift();
  }

  /** Null before two counts differ. @returns {number | null} */
  get perSecond() {
    const first = this.counts[0];
    const last = this.counts.at(-1);
    if (!first || !last || last.atS <= first.atS || last.done <= first.done) return null;
    return (last.done - first.done) / (last.atS - first.atS);
  }

  /** Seconds, or null while nothing can be said. @param {number} left photos @returns {number | null} */
  timeLeft(left) {
    return this.perSecond === null || left <= 0 ? null : left / this.perSecond;
  }
}
