import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST, PAGE_SIZE, PhotoList } from "./list.js";
import { asQuestion, asSampled, format, isSameList, parse } from "./state.js";

const KEYS = ["safety", "lively", "boring"];
const FULL =
  "?release=x&attribute=boring&order=nearest&layer=comuna&area=13123&only=safety:6-7.5,lively:0-3" +
  "&from=2024-02-01&to=2024-03-01&batch=12&near=-70.65,-33.44&zone=cv6mvN_njsG49C" +
  "&pair=lively,boring&at=600&photo=7";

test("the state comes back from its address", () => {
  assert.equal(format(parse("", "es", KEYS), "safety"), "");
  assert.equal(format(parse(FULL, "es", KEYS), "safety"), FULL);
  assert.equal(format(parse("?order=random&seed=4", "es", KEYS), "safety"), "?order=random&seed=4");
  assert.equal(format(parse("", "en", KEYS), "safety"), "?lang=en");
});

test("what is broken in an address falls back to its default", () => {
  for (const search of [
    "?order=up",
    "?order=nearest",
    "?photo=x",
    "?at=-3",
    "?batch=0",
    "?seed=1.5",
    "?from=2024-13-01",
    "?to=yesterday",
    "?near=200,0",
    "?near=1",
    "?only=safety:7-6",
    "?layer=comuna",
    "?zone=cAA",
    "?pair=safety",
    "?pair=safety,safety",
    "?pair=safety,safe",
    "?pair=safety,lively,boring",
  ]) {
    assert.deepEqual(parse(search, "es", KEYS), parse("", "es", KEYS), search);
  }
});

test("the API is asked for what the state says", () => {
  const asked = asQuestion(parse(FULL, "es", KEYS), "comuna");
  assert.equal(asked.only, "safety:6-7.5,lively:0-3");
  assert.equal(asked.near, "-70.65,-33.44");
  assert.equal(asked.seed, null);
  assert.equal(asQuestion(parse("?area=1", "es", KEYS), "comuna").layer, "comuna");
  assert.equal(asQuestion(parse("", "es", KEYS), "comuna").layer, null);
});

test("a sample is that of the list, whatever its order", () => {
  const { attribute, order, seed, ...where } = asQuestion(parse(FULL, "es", KEYS), "comuna");
  assert.deepEqual(asSampled(parse(FULL, "es", KEYS), "comuna"), where);
  assert.equal(where.zone, parse(FULL, "es", KEYS).zone);
  assert.ok(attribute && order && seed === null);
});

test("where one looks at a list makes no other list of it", () => {
  const state = parse(FULL, "es", KEYS);
  assert.ok(isSameList(state, parse(FULL.replace("at=600&photo=7", "at=3"), "es", KEYS)));
  assert.ok(!isSameList(state, parse(FULL.replace("7.5", "7"), "es", KEYS)));
  assert.ok(!isSameList(state, parse(FULL.replace("batch=12&", ""), "es", KEYS)));
  assert.ok(!isSameList(state, parse(FULL.replace(/&zone=\w+/, ""), "es", KEYS)));
  assert.ok(isSameList(state, parse(FULL.replace("lively,boring&", "boring,lively&"), "es", KEYS)));
});

/** A server with `total` photos whose ids are their places, and what it was asked. @param {number} total */
function server(total) {
  /** @type {Record<string, any>[]} */
  const asked = [];
  /** @param {Record<string, any>} where */
  const ask = async (where) => {
    asked.push(where);
    const from = Number(where.cursor ?? where.skip ?? 0);
    const to = Math.min(total, from + where.limit);
    const photos = Array.from({ length: Math.max(0, to - from) }, (_, i) => ({ id: from + i }));
    return /** @type {any} */ ({ photos, total, next: to < total ? String(to) : null });
  };
  return { asked, ask };
}

/** @param {number} total */
function listOf(total) {
  const { asked, ask } = server(total);
  /** @type {(() => void)[]} */
  const waiting = [];
  const list = new PhotoList(ask, () => waiting.splice(0).forEach((go) => void go()));
  const changed = () => new Promise((go) => waiting.push(() => go(null)));
  return { list, asked, changed };
}

test("pages follow each other by cursor, and a jump enters by number", async () => {
  const { list, asked, changed } = listOf(120_000);
  list.turnTo({ order: "most" }, 0);
  await changed();
  list.want(0, 2 * PAGE_SIZE - 1);
  await changed();
  assert.equal(list.at(PAGE_SIZE)?.id, PAGE_SIZE);
  list.want(90_000, 90_020);
  await changed();
  assert.equal(list.at(90_000)?.id, 90_000);
  assert.equal(list.at(89_000), undefined);
  assert.deepEqual(
    asked.map(({ cursor, skip }) => cursor ?? skip),
    [null, String(PAGE_SIZE), 90_000],
  );
});

test("however far one scrolls, few pages are held", async () => {
  const { list, changed } = listOf(120_000);
  list.turnTo({}, 0);
  await changed();
  for (let first = 0; first < 6_000; first += PAGE_SIZE) {
    list.want(first, first + 30);
    if (!list.at(first)) await changed();
    assert.equal(list.at(first)?.id, first);
  }
  assert.ok(list.pages.size <= 24, `${list.pages.size} pages`);
  assert.equal(list.at(0), undefined);
});

test("what was scrolled past is not waited for", async () => {
  /** @type {AbortSignal[]} */
  const signals = [];
  /** @type {((page: any) => void)[]} */
  const answers = [];
  const list = new PhotoList(
    (_, signal) => {
      signals.push(signal);
      return new Promise((answer) => answers.push(answer));
    },
    () => {},
  );
  list.turnTo({}, 0);
  answers[0]?.({ photos: [{ id: 1 }], total: 100_000, next: "a" });
  await null;
  list.want(5_000, 5_020);
  list.want(50_000, 50_020);
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [false, true, false],
  );
});

test("of a very long list, the part is scrolled through that can be jumped to", async () => {
  const { list, changed } = listOf(12_000_000);
  list.turnTo({}, 0);
  await changed();
  assert.equal(list.total, 12_000_000);
  assert.equal(list.length, MOST);
});

test("a failure is kept until something is wanted again", async () => {
  let fails = true;
  const { ask } = server(10);
  const list = new PhotoList(
    async (where) => {
      if (fails) throw new Error("away");
      return ask(where);
    },
    () => {},
  );
  list.turnTo({}, 0);
  await new Promise((go) => setTimeout(go));
  assert.equal(list.failure?.message, "away");
  fails = false;
  list.want(0, 5);
  await new Promise((go) => setTimeout(go));
  assert.equal(list.failure, null);
  assert.equal(list.length, 10);
});
