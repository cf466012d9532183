import assert from "node:assert/strict";
import { test } from "node:test";
import { areWithin, boundsOf, formatRanges, parseRanges, withRange } from "./ranges.js";

const KEYS = ["safety", "lively"];

test("as text and back", () => {
  const text = "safety:6-7.5,lively:0-3.25";
  assert.equal(formatRanges(parseRanges(text, KEYS)), text);
  assert.deepEqual(parseRanges(null, KEYS), []);
});

test("what is broken, unknown or no restriction is left out", () => {
  const broken = "safety:7-6,height:1-2,lively:0-10,safety:3-11,lively:-1-3,safety:a-b,,lively:2-2";
  assert.deepEqual(parseRanges(broken, KEYS), []);
  assert.equal(formatRanges(parseRanges("safety:1-2,safety:3-4", KEYS)), "safety:3-4");
});

test("one range an attribute", () => {
  const one = withRange([], "safety", [6, 7]);
  const two = withRange(one, "lively", [0, 3]);
  assert.equal(formatRanges(withRange(two, "safety", [1, 2])), "lively:0-3,safety:1-2");
  assert.deepEqual(withRange(one, "safety", null), []);
  assert.deepEqual(withRange(one, "safety", [0, 10]), []);
});

test("edges: the lower one is in, the upper one is not, but 10 is", () => {
  const [six, ten] = boundsOf(parseRanges("safety:6-7.5,lively:9.5-10", KEYS), KEYS);
  assert.deepEqual(six, { plane: 0, from: 600, to: 750 });
  assert.deepEqual(ten, { plane: 1, from: 950, to: 1001 });
  const ranges = parseRanges("safety:6-7.5", KEYS);
  const within = (/** @type {number} */ mean) => areWithin({ safety: { n: 1, mean } }, ranges);
  assert.deepEqual([5.99, 6, 7.49, 7.5].map(within), [false, true, true, false]);
  assert.equal(areWithin({}, ranges), false);
  assert.equal(areWithin({}, []), true);
});
