// A zip, read photo by photo out of the file that was dropped.
//
// An archive may lie: about sizes, about names, about how much it holds. So real bytes are counted
// while they come, and a name is only ever a label for the server. A member that cannot be read is
// one that stays behind; the rest goes on.

import { BlobReader, configure, ZipReader } from "@zip.js/zip.js/lib/zip-core-native.js";
import { MAX_BYTES, Unreadable } from "./dropping.js";
import { clean } from "./paths.js";

/** @import {FileEntry} from "@zip.js/zip.js" */
/** @import {Sendable} from "./types.d.ts" */

/** Bytes that come out of one that went in. Photos are packed already and stay near 1. */
export const MAX_RATIO = 100;
export const MAX_TOTAL = 2 * 1024 ** 3;
const METHODS = [0, 8];

// The page's policy allows no script that is made at run time, workers included.
configure({ useWebWorkers: false });

/**
 * All files of an archive, none read yet. Throws Unreadable for what is no zip.
 * @param {Blob} file @param {{ total?: number, largest?: number }} [bounds] @returns {Promise<Sendable[]>}
 */
export async function members(file, { total = MAX_TOTAL, largest = MAX_BYTES } = {}) {
  const reader = new ZipReader(new BlobReader(file), { filenameValidation: "tolerant" });
  const budget = new Budget(Math.min(total, MAX_RATIO * file.size));
  try {
    const found = await reader.getEntries();
    return found
      .filter((entry) => !entry.directory)
      .map((entry) => member(/** @type {FileEntry} */ (entry), budget, largest));
  } catch {
    throw new Unreadable("no-zip");
  }
}

/** What may still come out of the archive. */
class Budget {
  /** @param {number} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  /** @param {number} bytes */
  spend(bytes) {
    this.bytes -= bytes;
    if (this.bytes < 0) throw new Unreadable("archive-too-large");
  }
}

/** @param {FileEntry} entry @param {Budget} budget @param {number} largest @returns {Sendable} */
function member(entry, budget, largest) {
  const path = clean(entry.filename);
  const read = async () => {
    if (entry.symlink) throw new Unreadable("link");
    if (entry.encrypted) throw new Unreadable("encrypted");
    if (!METHODS.includes(entry.compressionMethod)) throw new Unreadable("unsupported-compression");
    const counted = new Counted(entry.compressedSize, budget, largest);
    try {
      await entry.getData(counted.stream, { checkSignature: true });
    } catch {
      if (!counted.full) throw counted.refusal ?? new Unreadable("damaged");
    }
    if (!counted.full && counted.size !== entry.uncompressedSize) throw new Unreadable("damaged");
    return new File(counted.chunks, path.slice(path.lastIndexOf("/") + 1));
  };
  return { path, open: read, read };
}

/** What comes out of one member: at most one byte more than the server takes. */
class Counted {
  /** @param {number} packed bytes @param {Budget} budget @param {number} largest */
  constructor(packed, budget, largest) {
    this.size = 0;
    this.full = false;
    /** @type {Unreadable | undefined} */
    this.refusal = undefined;
    /** @type {BlobPart[]} */
    this.chunks = [];
    this.stream = new WritableStream({
      write: (/** @type {Uint8Array<ArrayBuffer>} */ chunk) => {
        this.size += chunk.length;
        try {
          if (this.size > MAX_RATIO * packed) throw new Unreadable("bomb");
          budget.spend(chunk.length);
        } catch (error) {
          this.refusal = /** @type {Unreadable} */ (error);
          this.chunks = [];
          throw error;
        }
        this.full = this.size > largest;
        const over = Math.max(0, this.size - largest - 1);
        this.chunks.push(chunk.slice(0, chunk.length - over));
        if (this.full) throw new Unreadable("too-large");
      },
    });
  }
}
