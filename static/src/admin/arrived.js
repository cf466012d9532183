// Which files are there already, so that none is sent twice.

import { clean } from "./paths.js";

/** @import {Upload} from "./types.d.ts" */

export class Arrived {
  /** @param {Iterable<Upload>} uploads */
  constructor(uploads) {
    /** @type {Map<string, Upload[]>} several of one path where a file has changed */
    this.byPath = new Map();
    for (const upload of uploads) {
      const same = this.byPath.get(upload.path);
      if (same) same.push(upload);
      else this.byPath.set(upload.path, [upload]);
    }
  }

  /**
   * The verdict that the same bytes of the same path have got. Outside of a secure context nothing
   * can be hashed: then the file is sent, and the server gives it its first answer again.
   * @param {string} path @param {Blob} data @returns {Promise<Upload | undefined>}
   */
  async answer(path, data) {
    const same = this.byPath.get(clean(path));
    if (!same || !globalThis.crypto?.subtle) return undefined;
    const hash = await crypto.subtle.digest("SHA-256", await data.arrayBuffer());
    const hex = [...new Uint8Array(hash)]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
    return same.find(({ sha256 }) => sha256 === hex);
  }
}
