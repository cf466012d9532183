import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrived } from "./arrived.js";
import { onDisk, sorted, Unreadable } from "./dropping.js";
import { clean } from "./paths.js";
import { Positions } from "./positions.js";
import { Rate } from "./rate.js";
import { pauseS, Sending } from "./sending.js";
import en from "./texts/en.json" with { type: "json" };
import es from "./texts/es.json" with { type: "json" };
import { AdminWords } from "./words.js";

/** @import {Position, Sendable, Upload} from "./types.d.ts" */

/** @param {string} path @returns {Sendable} */
const sendable = (path) => onDisk(path, new File(["x"], path));

/** @param {Partial<Upload>} given @returns {Upload} */
const upload = (given) => ({
  id: 1,
  path: "a.jpg",
  sha256: "",
  verdict: "accepted",
  reason: null,
  warnings: [],
  message: null,
  photo_id: null,
  resembles: null,
  scored: false,
  ...given,
});

/** @param {string} filename @param {number} lat @returns {Position} */
const row = (filename, lat) => ({ filename, lat, lon: 0, heading_deg: null, captured_at: null });

class Failed extends Error {
  /** @param {boolean} passes @param {number} retryAfterS @param {boolean} ends */
  constructor(passes, retryAfterS = 0, ends = false) {
    super("failed");
    this.passes = passes;
    this.retryAfterS = retryAfterS;
    this.ends = ends;
  }
}

test("both languages have the same texts with the same places", () => {
  assert.deepEqual(Object.keys(es).sort(), Object.keys(en).sort());
  for (const [key, text] of Object.entries(es)) {
    const places = (/** @type {string} */ t) => [...t.matchAll(/\{\w+\}/g)].map(String).sort();
    assert.deepEqual(
      places(text),
      places(/** @type {Record<string, string>} */ (en)[key] ?? ""),
      key,
    );
  }
});

test("a known reason is said in the page's language, another in the server's words", () => {
  const words = new AdminWords("es");
  const truncated = upload({
    verdict: "rejected",
    reason: "truncated",
    message: "The file is cut off.",
  });
  assert.equal(words.why(truncated), "El archivo está cortado o dañado.");
  assert.equal(
    words.why(upload({ reason: "new-one", message: "Something new." })),
    "Something new.",
  );
  assert.equal(words.why(upload({ warnings: ["future"] })), "Su fecha está en el futuro.");
  assert.equal(words.why(upload({})), "");
});

test("a near-duplicate names the photo that it resembles, as long as that is there", () => {
  const warned = { warnings: ["near-duplicate"] };
  assert.equal(
    new AdminWords("es").why(upload({ ...warned, resembles: 12 })),
    "Se parece a la foto 12: mismo lugar y misma dirección.",
  );
  assert.equal(
    new AdminWords("en").why(upload({ ...warned, resembles: null })),
    "It looked like a photo that has been deleted since.",
  );
});

test("all files are sent, at most four at a time", async () => {
  let under_way = 0;
  let most = 0;
  /** @type {string[]} */
  const answered = [];
  const sending = new Sending({
    send: async (path) => {
      under_way += 1;
      most = Math.max(most, under_way);
      await new Promise((resolve) => setTimeout(resolve, 1));
      under_way -= 1;
      return upload({ path });
    },
    onAnswer: ({ path }) => answered.push(path),
    onChange: () => {},
  });
  const paths = Array.from({ length: 20 }, (_, n) => `${n}.jpg`);
  sending.add(paths.map(sendable));
  assert.equal(sending.active, true);
  await sending.idle();
  assert.equal(most, 4);
  assert.deepEqual(answered.sort(), paths.sort());
  assert.deepEqual([sending.done, sending.total, sending.failed.length], [20, 20, 0]);
});

test("a file is sent again until it has an answer", async () => {
  let attempts = 0;
  /** @type {number[]} */
  const pauses = [];
  const sending = new Sending({
    send: async () => {
      attempts += 1;
      if (attempts < 4) throw new Failed(true, attempts === 2 ? 7 : 0);
      return upload({});
    },
    onAnswer: () => {},
    onChange: () => {},
    pause: async (seconds) => {
      pauses.push(seconds);
    },
  });
  sending.add([sendable("a.jpg")]);
  await sending.idle();
  assert.deepEqual(pauses, [1, 7, 4]);
  assert.deepEqual([sending.done, sending.failed.length], [1, 0]);
});

test("what fails for good is kept and can be tried again", async () => {
  let works = false;
  const sending = new Sending({
    send: async (path) => {
      if (!works && path === "b.jpg") throw new Failed(false);
      return upload({ path });
    },
    onAnswer: () => {},
    onChange: () => {},
  });
  sending.add(["a.jpg", "b.jpg"].map(sendable));
  await sending.idle();
  assert.deepEqual(
    sending.failed.map(({ sendable }) => sendable.path),
    ["b.jpg"],
  );
  works = true;
  sending.again();
  await sending.idle();
  assert.deepEqual([sending.done, sending.total, sending.failed.length], [1, 1, 0]);
});

test("a server that never answers is given up after ten attempts", async () => {
  let attempts = 0;
  const sending = new Sending({
    send: async () => {
      attempts += 1;
      throw new Failed(true);
    },
    onAnswer: () => {},
    onChange: () => {},
    pause: async () => {},
  });
  sending.add([sendable("a.jpg")]);
  await sending.idle();
  assert.equal(attempts, 10);
  assert.equal(sending.failed.length, 1);
});

test("what nobody answers for ten attempts is not tried with each of the others", async () => {
  let attempts = 0;
  let away = true;
  const sending = new Sending({
    send: async (path) => {
      attempts += 1;
      if (away) throw new Failed(true);
      return upload({ path });
    },
    onAnswer: () => {},
    onChange: () => {},
    pause: async () => {},
  });
  sending.add(Array.from({ length: 50 }, (_, n) => sendable(`${n}.jpg`)));
  await sending.idle();
  assert.equal(attempts, 40);
  assert.equal(sending.failed.length, 50);
  away = false;
  sending.again();
  await sending.idle();
  assert.deepEqual([sending.done, sending.failed.length], [50, 0]);
});

test("one file that no attempt brings through does not stop the others", async () => {
  const sending = new Sending({
    send: async (path) => {
      if (path === "0.jpg") throw new Failed(true);
      return upload({ path });
    },
    onAnswer: () => {},
    onChange: () => {},
    pause: async () => {},
  });
  sending.add(Array.from({ length: 50 }, (_, n) => sendable(`${n}.jpg`)));
  await sending.idle();
  assert.deepEqual([sending.done, sending.failed.length], [49, 1]);
});

test("once the session has ended, the rest is kept and not sent", async () => {
  let attempts = 0;
  const sending = new Sending({
    send: async () => {
      attempts += 1;
      throw new Failed(false, 0, true);
    },
    onAnswer: () => {},
    onChange: () => {},
  });
  sending.add(Array.from({ length: 50 }, (_, n) => sendable(`${n}.jpg`)));
  await sending.idle();
  assert.ok(attempts <= 4);
  assert.equal(sending.failed.length, 50);
});

test("a file that cannot be read is said, and the others go", async () => {
  const gone = async () => {
    throw new Unreadable("unreadable");
  };
  const sending = new Sending({
    send: async (path) => upload({ path }),
    onAnswer: () => {},
    onChange: () => {},
  });
  sending.add([{ path: "gone.jpg", open: gone, read: gone }, sendable("a.jpg")]);
  await sending.idle();
  assert.deepEqual(sending.unread, [{ path: "gone.jpg", reason: "unreadable" }]);
  assert.deepEqual([sending.done, sending.failed.length], [1, 0]);
});

test("a file is read once for all attempts", async () => {
  let reads = 0;
  let attempts = 0;
  const sending = new Sending({
    send: async (path) => {
      attempts += 1;
      if (attempts < 3) throw new Failed(true);
      return upload({ path });
    },
    onAnswer: () => {},
    onChange: () => {},
    pause: async () => {},
  });
  const { open, read } = sendable("a.jpg");
  const counted = () => {
    reads += 1;
    return read();
  };
  sending.add([{ path: "a.jpg", open, read: counted }]);
  await sending.idle();
  assert.deepEqual([attempts, reads], [3, 1]);
});

test("what has arrived is not sent again, and a file that has changed is", async () => {
  // Of the one letter that every file of these tests holds.
  const sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  const arrived = new Arrived([
    upload({ id: 1, path: "calle/a.jpg", sha256 }),
    upload({ id: 2, path: "b.jpg", sha256: "0".repeat(64) }),
  ]);
  /** @type {string[]} */
  const sent = [];
  const sending = new Sending({
    send: async (path) => {
      sent.push(path);
      return upload({ path });
    },
    arrived: (path, data) => arrived.answer(path, data),
    onAnswer: () => {},
    onChange: () => {},
  });
  sending.add(["calle/a.jpg", "b.jpg", "c.jpg"].map(sendable));
  await sending.idle();
  assert.deepEqual(sent.sort(), ["b.jpg", "c.jpg"]);
  assert.deepEqual([sending.done, sending.before], [3, 1]);
});

test("paths are as the server keeps them", () => {
  for (const [path, kept] of [
    ["calle/uno.jpg", "calle/uno.jpg"],
    ["../../etc/passwd", "etc/passwd"],
    ["C:\\fotos\\uno.jpg", "C:/fotos/uno.jpg"],
    ["/abs//b.jpg", "abs/b.jpg"],
    ["a/./b/../c.jpg", "a/b/c.jpg"],
    ["nul\0l\n.jpg", "null.jpg"],
    ["..", "unnamed"],
    ["ñandú 1.jpg", "ñandú 1.jpg"],
    [`${"x".repeat(600)}.jpg`, `${"x".repeat(496)}.jpg`],
  ]) {
    assert.equal(clean(/** @type {string} */ (path)), kept);
  }
});

test("pauses double up to half a minute", () => {
  assert.deepEqual(
    [1, 2, 3, 6, 20].map((n) => pauseS(n)),
    [1, 2, 4, 30, 30],
  );
});

test("rows of a manifest are found by path and by name", () => {
  const positions = new Positions();
  positions.add([
    row("x/a.jpg", 1),
    row("y/a.jpg", 2),
    row("b.jpg", 3),
    row("fotos/c.jpg", 4),
    row("b.jpg", 5),
  ]);
  assert.equal(positions.of("x/a.jpg")?.lat, 1);
  assert.equal(positions.of("y\\a.jpg")?.lat, 2);
  assert.equal(positions.of("a.jpg"), undefined);
  assert.equal(positions.of("carpeta/b.jpg")?.lat, 3);
  assert.equal(positions.of("c.jpg")?.lat, 4);
  assert.equal(positions.of("otra/c.jpg"), undefined);
  assert.equal(positions.of("bb.jpg"), undefined);
});

test("every file that is dropped is a photo, a manifest, an archive, or left with a reason", () => {
  const paths = [
    ...["a.JPG", "b/m.csv", "notes.txt", "x/.DS_Store", "c.gif", "todo.ZIP", "x/more.zip"],
    ...["d.rar", "__MACOSX/._a.jpg", "Thumbs.db"],
  ];
  const found = sorted(paths.map(sendable));
  const names = (/** @type {Sendable[]} */ list) => list.map(({ path }) => path);
  assert.deepEqual(names(found.photos), ["a.JPG", "c.gif"]);
  assert.deepEqual(names(found.manifests), ["b/m.csv"]);
  assert.deepEqual(names(found.archives), ["todo.ZIP"]);
  assert.deepEqual(found.left, [
    { path: "notes.txt", reason: "no-photo" },
    { path: "x/.DS_Store", reason: "system-file" },
    { path: "x/more.zip", reason: "nested-archive" },
    { path: "d.rar", reason: "nested-archive" },
    { path: "__MACOSX/._a.jpg", reason: "system-file" },
    { path: "Thumbs.db", reason: "system-file" },
  ]);
});

test("the rate is that of the last half minute, from step to step", () => {
  const rate = new Rate();
  rate.add(0, -500);
  assert.equal(rate.perSecond, null);
  assert.equal(rate.timeLeft(10), null);
  rate.add(100, 0);
  assert.equal(rate.perSecond, null);
  rate.add(200, 10);
  assert.equal(rate.perSecond, 10);
  assert.equal(rate.timeLeft(50), 5);
  rate.add(200, 20);
  assert.equal(rate.perSecond, 10);
  rate.add(260, 40);
  assert.equal(rate.perSecond, 2);
  rate.add(0, 50);
  assert.equal(rate.perSecond, null);
});
