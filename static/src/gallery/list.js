// A long list of photos of which only a part is held: pages by their number, the oldest let go.

/** @import {Photo, PhotoPage} from "../types.d.ts" */

export const PAGE_SIZE = 60;
/** Pages that are held at most: about ten screens of photos. */
const HELD = 24;
/** The farthest photo that can be jumped to, as the server bounds it, and browsers an element's height. */
export const MOST = 200_000;

/** @typedef {Record<string, string | number | null | undefined>} Question */

export class PhotoList {
  /**
   * @param {(where: Question, signal: AbortSignal) => Promise<PhotoPage>} ask
   * @param {() => void} onChange after each answer, and each failure
   */
  constructor(ask, onChange) {
    this.ask = ask;
    this.onChange = onChange;
    /** @type {Question} */
    this.question = {};
    /** By number; those used last are the last. @type {Map<number, PhotoPage>} */
    this.pages = new Map();
    /** Photos that there are; null before the first answer. @type {number | null} */
    this.total = null;
    /** @type {Error | null} */
    this.failure = null;
    /** Numbers of the pages to be seen. @type {[first: number, last: number]} */
    this.wanted = [0, 0];
    /** @type {{ page: number, stop: AbortController } | null} */
    this.asking = null;
  }

  /** Photos that can be scrolled to. */
  get length() {
    return Math.min(this.total ?? 0, MOST);
  }

  /** Another list, looked at from a photo on. @param {Question} question @param {number} first */
  turnTo(question, first) {
    this.asking?.stop.abort();
    this.asking = null;
    this.question = question;
    this.pages = new Map();
    this.total = null;
    this.want(first, first);
  }

  /** @param {number} index @returns {Photo | undefined} */
  at(index) {
    return this.pages.get(Math.floor(index / PAGE_SIZE))?.photos[index % PAGE_SIZE];
  }

  /** These photos are to be seen. @param {number} from @param {number} to the last one */
  want(from, to) {
    const last = this.total === null ? to : Math.min(to, Math.max(0, this.length - 1));
    const first = Math.min(from, last);
    this.wanted = [Math.floor(first / PAGE_SIZE), Math.floor(last / PAGE_SIZE)];
    this.failure = null;
    this.next();
  }

  /** One request at a time, for what is wanted now and not for all that was scrolled past. */
  next() {
    const [first, last] = this.wanted;
    for (let page = first; page <= last; page += 1) {
      const held = this.pages.get(page);
      if (!held) {
        this.load(page);
        return;
      }
      this.pages.delete(page);
      this.pages.set(page, held);
    }
  }

  /** @param {number} page */
  async load(page) {
    if (this.asking) {
      const [first, last] = this.wanted;
      if (this.asking.page >= first && this.asking.page <= last) return;
      this.asking.stop.abort();
    }
    const asking = { page, stop: new AbortController() };
    this.asking = asking;
    const cursor = this.pages.get(page - 1)?.next;
    const begin = cursor ? { cursor } : { skip: page > 0 ? page * PAGE_SIZE : null };
    try {
      const found = await this.ask(
        { ...this.question, ...begin, limit: PAGE_SIZE },
        asking.stop.signal,
      );
      if (this.asking !== asking) return;
      this.keep(page, found);
    } catch (error) {
      if (this.asking !== asking) return;
      this.failure = /** @type {Error} */ (error);
    }
    this.asking = null;
    this.onChange();
    if (!this.failure) this.next();
  }

  /** @param {number} page @param {PhotoPage} found */
  keep(page, found) {
    this.total ??= found.total;
    this.pages.set(page, found);
    for (const number of this.pages.keys()) {
      if (this.pages.size <= HELD) break;
      if (number < this.wanted[0] || number > this.wanted[1]) this.pages.delete(number);
    }
    // Of a list that has become shorter, there is no more behind this.
    if (found.next === null && found.photos.length > 0) {
      this.total = page * PAGE_SIZE + found.photos.length;
    }
  }
}
