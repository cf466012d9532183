// Files out of what was dropped or chosen: folders with all that is in them, archives opened.

/** @import {Found, Sendable} from "./types.d.ts" */

/** What the server takes; one byte more is sent of a larger file, for its verdict. */
export const MAX_BYTES = 64 * 1024 * 1024;

const PHOTO = /\.(jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|heic|heif|avif|dng)$/i;
const MANIFEST = /\.(csv|tsv)$/i;
const ZIP = /\.zip$/i;
const ARCHIVE = /\.(zip|rar|7z|tar|gz|tgz|bz2|xz|zst|cab|iso)$/i;
/** What computers write beside photos; hidden files are among them. */
const SYSTEM = /(^|\/)(__MACOSX(\/|$)|\.|Thumbs\.db$|ehthumbs\.db$|desktop\.ini$)/i;

/** A file whose bytes cannot be had; `reason` is a stable code with a text of its own. */
export class Unreadable extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * By their names: photos of kinds that will be refused are sent too. An archive inside of a folder
 * stays closed.
 * @param {Sendable[]} sendables @returns {Found}
 */
export function sorted(sendables) {
  /** @type {Found} */
  const found = { photos: [], manifests: [], archives: [], left: [] };
  for (const sendable of sendables) {
    const { path } = sendable;
    if (SYSTEM.test(path)) found.left.push({ path, reason: "system-file" });
    else if (PHOTO.test(path)) found.photos.push(sendable);
    else if (MANIFEST.test(path)) found.manifests.push(sendable);
    else if (ZIP.test(path) && !path.includes("/")) found.archives.push(sendable);
    else if (ARCHIVE.test(path)) found.left.push({ path, reason: "nested-archive" });
    else found.left.push({ path, reason: "no-photo" });
  }
  return found;
}

/** The same with the members of archives in their place. @param {Found} found @returns {Promise<Found>} */
export async function unpacked({ photos, manifests, archives, left }) {
  const all = { photos: [...photos], manifests: [...manifests], archives: [], left: [...left] };
  for (const { path, open } of archives) {
    try {
      // Its reader is loaded by those only who drop one.
      const { members } = await import("./archive.js");
      const inside = sorted(await members(await open()));
      all.photos.push(...inside.photos);
      all.manifests.push(...inside.manifests);
      all.left.push(...inside.left);
      for (const nested of inside.archives) {
        all.left.push({ path: nested.path, reason: "nested-archive" });
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      all.left.push({ path, reason: error.reason });
    }
  }
  return all;
}

/** @param {FileList} list @returns {Sendable[]} */
export function chosen(list) {
  return [...list].map((file) => onDisk(file.webkitRelativePath || file.name, file));
}

/** Reads the items at once, as they are gone after the event. @param {DataTransfer} transfer @returns {Promise<Sendable[]>} */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const files = [...transfer.files];
  if (!entries.some(Boolean)) return files.map((file) => onDisk(file.name, file));
  const found = await Promise.all(entries.map((entry) => (entry ? within(entry) : [])));
  return found.flat();
}

/** @param {string} path @param {File} file @returns {Sendable} */
export function onDisk(path, file) {
  return {
    path,
    open: async () => file,
    // Into memory, so that a file that has gone since is told apart from a server that has.
    read: async () => {
      try {
        const data = await file.slice(0, MAX_BYTES + 1).arrayBuffer();
        return new File([data], file.name, { type: file.type });
      } catch {
        throw new Unreadable("unreadable");
      }
    },
  };
}

/** @param {FileSystemEntry} entry @returns {Promise<Sendable[]>} */
async function within(entry) {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    try {
      /** @type {File} */
      const file = await new Promise((resolve, reject) =>
        /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
      );
      return [onDisk(path, file)];
    } catch {
      return [closed(path)];
    }
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    for (const child of some) all.push(...(await within(child)));
  }
  return all;
}

/** @param {string} path @returns {Sendable} */
function closed(path) {
  const read = async () => {
    throw new Unreadable("unreadable");
  };
  return { path, open: read, read };
}
