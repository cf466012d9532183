import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BlobWriter,
  configure,
  Uint8ArrayReader,
  ZipWriter,
} from "@zip.js/zip.js/lib/zip-core-native.js";
import { MAX_RATIO, MAX_TOTAL, members } from "./archive.js";
import { MAX_BYTES, onDisk, sorted, Unreadable, unpacked } from "./dropping.js";
import en from "./texts/en.json" with { type: "json" };

/** @import {Sendable} from "./types.d.ts" */

const MIB = 1024 * 1024;
// Where fields stand behind a signature: in the directory, before the member.
const FLAGS = [8, 6];
const METHOD = [10, 8];
const PACKED = [20, 18];
const SIZE = [24, 22];

configure({ useWebWorkers: false });

/** Bytes that do not pack well, as those of a photo. @param {number} seed @param {number} length */
function noise(seed, length = 2000) {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  for (let n = 0; n < length; n += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[n] = state >>> 24;
  }
  return bytes;
}

/** @param {Record<string, Uint8Array>} files @param {Record<string, unknown>} [options] */
async function zip(files, options = {}) {
  const writer = new ZipWriter(new BlobWriter(), { dataDescriptor: false, ...options });
  for (const [name, bytes] of Object.entries(files)) {
    await writer.add(name, new Uint8ArrayReader(bytes));
  }
  return new Uint8Array(await (await writer.close()).arrayBuffer());
}

/** The same archive, a number of its first member changed in both places. @param {Uint8Array} archive @param {number[]} field @param {number} value */
function lying(archive, field, value) {
  const bytes = Buffer.from(archive);
  for (const [n, signature] of ["PK\x01\x02", "PK\x03\x04"].entries()) {
    const at = bytes.indexOf(signature, 0, "latin1") + /** @type {number} */ (field[n]);
    if (field === FLAGS || field === METHOD) bytes.writeUInt16LE(value, at);
    else bytes.writeUInt32LE(value, at);
  }
  return bytes;
}

/** Bytes by path of what can be read, reasons by path of the rest. @param {Uint8Array} archive @param {{ total?: number, largest?: number }} [bounds] */
async function opened(archive, bounds) {
  /** @type {Record<string, Uint8Array>} */
  const read = {};
  /** @type {Record<string, string>} */
  const unread = {};
  for (const member of await members(new Blob([Buffer.from(archive)]), bounds)) {
    try {
      read[member.path] = new Uint8Array(await (await member.read()).arrayBuffer());
    } catch (error) {
      assert.ok(error instanceof Unreadable, String(error));
      assert.ok(`left.${error.reason}` in en, error.reason);
      unread[member.path] = error.reason;
    }
  }
  return { read, unread };
}

test("the members of a zip are read one by one, in folders and with any signs", async () => {
  const files = {
    "calle/ñ 1.jpg": noise(1),
    "b\\c.png": noise(2, 300_000),
    "empty.jpg": noise(3, 0),
  };
  const { read, unread } = await opened(await zip({ ...files, "calle/": noise(4, 0) }));
  assert.deepEqual(read, {
    "calle/ñ 1.jpg": noise(1),
    "b/c.png": noise(2, 300_000),
    "empty.jpg": noise(3, 0),
  });
  assert.deepEqual(unread, {});
});

test("names that lead elsewhere are labels within the batch", async () => {
  const { read } = await opened(
    await zip({ "../../etc/a.jpg": noise(1), "/abs/b.jpg": noise(2), "C:\\c.jpg": noise(3) }),
  );
  assert.deepEqual(Object.keys(read), ["etc/a.jpg", "abs/b.jpg", "C:/c.jpg"]);
});

test("a link is not followed", async () => {
  const links = await zip({ "passwd.jpg": Buffer.from("/etc/passwd") }, { unixMode: 0o120777 });
  assert.deepEqual(await opened(links), { read: {}, unread: { "passwd.jpg": "link" } });
});

test("a bomb of 100 MB from 100 KB is left before it is unpacked", async () => {
  const bomb = await zip({ "bomb.jpg": new Uint8Array(100 * MIB), "a.jpg": noise(1) });
  assert.ok(bomb.length < 115_000, `${bomb.length} bytes`);
  const before = process.memoryUsage().arrayBuffers;
  const { read, unread } = await opened(bomb);
  assert.deepEqual(unread, { "bomb.jpg": "bomb" });
  assert.deepEqual(read, { "a.jpg": noise(1) });
  assert.ok(process.memoryUsage().arrayBuffers - before < 40 * MIB);
});

test("a bomb that lies about its size unpacks no further", async () => {
  const bomb = await zip({ "bomb.jpg": new Uint8Array(20 * MIB) });
  for (const claimed of [0, 1000, 0xffff0000]) {
    const { read, unread } = await opened(lying(bomb, SIZE, claimed));
    assert.deepEqual(read, {});
    assert.ok(["bomb", "damaged"].includes(unread["bomb.jpg"] ?? ""), unread["bomb.jpg"]);
  }
});

test("lies about sizes cost the member only", async () => {
  const honest = await zip({ "a.jpg": noise(1), "b.jpg": noise(2) });
  for (const [field, value] of [
    [SIZE, 10],
    [SIZE, 10 ** 9],
    [PACKED, 10],
  ]) {
    const lie = lying(honest, /** @type {number[]} */ (field), /** @type {number} */ (value));
    assert.deepEqual(await opened(lie), {
      read: { "b.jpg": noise(2) },
      unread: { "a.jpg": "damaged" },
    });
  }
});

test("encrypted members and strange compressions are left with their reason", async () => {
  const honest = await zip({ "a.jpg": noise(1), "b.jpg": noise(2) });
  assert.deepEqual((await opened(lying(honest, FLAGS, 1))).unread, { "a.jpg": "encrypted" });
  const strange = (await opened(lying(honest, METHOD, 14))).unread;
  assert.deepEqual(strange, { "a.jpg": "unsupported-compression" });
});

test("damaged bytes cost the member only", async () => {
  const archive = Buffer.from(await zip({ "a.jpg": noise(1), "b.jpg": noise(2) }));
  const at = archive.indexOf("a.jpg", 0, "latin1") + 500;
  archive[at] = (archive[at] ?? 0) ^ 0xff;
  const { read, unread } = await opened(archive);
  assert.deepEqual([Object.keys(read), unread], [["b.jpg"], { "a.jpg": "damaged" }]);
});

test("what all members unpack to is bounded", async () => {
  const archive = await zip({ "a.jpg": noise(1), "b.jpg": noise(2), "c.jpg": noise(3) });
  const { read, unread } = await opened(archive, { total: 4500 });
  assert.deepEqual(Object.keys(read), ["a.jpg", "b.jpg"]);
  assert.deepEqual(unread, { "c.jpg": "archive-too-large" });
  assert.equal(MAX_TOTAL, 2 * 1024 * MIB);
  assert.equal(MAX_RATIO, 100);
});

test("a member beyond the limit is cut for the server to refuse", async () => {
  const { read } = await opened(await zip({ "a.jpg": noise(1, 5000) }), { largest: 1000 });
  assert.deepEqual(read["a.jpg"], noise(1, 1001));
  assert.equal(MAX_BYTES, 64 * MIB);
});

test("photos and manifests of a zip stand in its place, and nothing is missing", async () => {
  const inner = await zip({ "x.jpg": noise(9) });
  const archive = await zip({
    "calle/a.jpg": noise(1),
    "m.csv": noise(2),
    "inner.zip": inner,
    "notes.txt": noise(3),
    "__MACOSX/calle/._a.jpg": noise(4),
  });
  const file = new File([Buffer.from(archive)], "todo.zip");
  const found = await unpacked(
    sorted([onDisk("todo.zip", file), onDisk("no.zip", new File(["no zip"], "no.zip"))]),
  );
  const names = (/** @type {Sendable[]} */ list) => list.map(({ path }) => path);
  assert.deepEqual(names(found.photos), ["calle/a.jpg"]);
  assert.deepEqual(names(found.manifests), ["m.csv"]);
  assert.deepEqual(found.left, [
    { path: "notes.txt", reason: "no-photo" },
    { path: "__MACOSX/calle/._a.jpg", reason: "system-file" },
    { path: "inner.zip", reason: "nested-archive" },
    { path: "no.zip", reason: "no-zip" },
  ]);
});
