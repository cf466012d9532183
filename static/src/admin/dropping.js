// Files out of what was dropped or chosen, folders with all that is in them.

/** @import {Sendable} from "./types.d.ts" */

const PHOTO = /\.(jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|heic|heif|avif)$/i;
const MANIFEST = /\.(csv|tsv)$/i;

/**
 * Photos (kinds that will be refused by name are sent too), manifests, and how many are neither.
 * @param {Sendable[]} sendables
 */
export function sorted(sendables) {
  const visible = sendables.filter(({ path }) => !/(^|\/)\./.test(path));
  const photos = visible.filter(({ path }) => PHOTO.test(path));
  const manifests = visible.filter(({ path }) => MANIFEST.test(path));
  return { photos, manifests, ignored: visible.length - photos.length - manifests.length };
}

/** @param {FileList} list @returns {Sendable[]} */
export function chosen(list) {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Reads the items at once, as they are gone after the event. @param {DataTransfer} transfer @returns {Promise<Sendable[]>} */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const files = [...transfer.files];
  if (!entries.some(Boolean)) return files.map((file) => ({ path: file.name, file }));
  const found = await Promise.all(entries.map((entry) => (entry ? within(entry) : [])));
  return found.flat();
}

/** @param {FileSystemEntry} entry @returns {Promise<Sendable[]>} */
async function within(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) =>
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
    );
    return [{ path: entry.fullPath.replace(/^\//, ""), file: /** @type {File} */ (file) }];
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
