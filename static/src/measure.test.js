import assert from "node:assert/strict";
import { test } from "node:test";
import { isWithin, MISSING, readingOf, valueAt } from "./measure.js";

/** Two planes of three things. */
const SCORES = Int16Array.from([690, -1, 0, 500, 300, 1000]);

test("one attribute as it stands", () => {
  const values = [0, 1, 2].map((i) => valueAt(SCORES, 3, i, { plane: 0, minus: null }));
  assert.deepEqual(values, [690, MISSING, 0]);
});

test("a difference needs both scores", () => {
  const values = [0, 1, 2].map((i) => valueAt(SCORES, 3, i, { plane: 0, minus: 1 }));
  assert.deepEqual(values, [190, MISSING, -1000]);
  assert.equal(valueAt(SCORES, 3, 1, { plane: 1, minus: 0 }), MISSING);
});

test("bounds hold their lower edge and not their upper one, and no missing score", () => {
  const within = (/** @type {number} */ from, /** @type {number} */ to) =>
    [0, 1, 2].map((i) => isWithin(SCORES, 3, i, [{ plane: 0, from, to }]));
  assert.deepEqual(within(0, 690), [false, false, true]);
  assert.deepEqual(within(690, 1001), [true, false, false]);
  const both = [
    { plane: 0, from: 0, to: 1001 },
    { plane: 1, from: 1000, to: 1001 },
  ];
  assert.deepEqual(
    [0, 1, 2].map((i) => isWithin(SCORES, 3, i, both)),
    [false, false, true],
  );
  assert.equal(isWithin(SCORES, 3, 1, []), true);
});

test("the same in points", () => {
  assert.equal(readingOf([6.9, 5], { plane: 0, minus: null }), 6.9);
  assert.equal(readingOf([7, 5], { plane: 0, minus: 1 }), 2);
  assert.equal(readingOf([7, null], { plane: 0, minus: 1 }), null);
  assert.equal(readingOf([null, 5], { plane: 0, minus: 1 }), null);
  assert.equal(readingOf([7], { plane: 0, minus: 3 }), null);
});
