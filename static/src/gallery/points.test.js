import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, pointsOf, ranks, spearman, stepFrom, strengthOf, tenths } from "./points.js";

/** @param {number[]} xs @param {number[]} ys */
const points = (xs, ys) => xs.map((x, i) => ({ id: i, x, y: ys[i] ?? 0 }));

test("equal values share the mean of their ranks", () => {
  assert.deepEqual(ranks([3, 1, 3, 2, 3]), [4, 1, 4, 2, 4]);
  assert.deepEqual(ranks([]), []);
});

test("the rank correlation does not mind how far apart scores are", () => {
  assert.equal(spearman(points([1, 2, 3, 4], [0, 1, 5, 10])), 1);
  assert.equal(spearman(points([1, 2, 3, 4], [9, 8, 1, 0])), -1);
  const some = spearman(points([1, 2, 3, 4, 5, 5], [2, 1, 4, 3, 7, 4]));
  // scipy.stats.spearmanr of the same.
  assert.ok(Math.abs((some ?? 0) - 0.8088235294117647) < 1e-12, String(some));
});

test("without any difference there is no correlation", () => {
  assert.equal(spearman(points([5, 5, 5], [1, 2, 3])), null);
  assert.equal(spearman([]), null);
});

test("a correlation of few photos has no word", () => {
  assert.equal(strengthOf(0.9, 19), "few");
  assert.equal(strengthOf(null, 1000), "few");
  const words = [0.05, -0.2, 0.5, -0.8].map((rho) => strengthOf(rho, 20));
  assert.deepEqual(words, ["none", "weak", "some", "strong"]);
});

test("photos without both scores are no points", () => {
  const scores = { safety: [1, null, 3], lively: [null, 2, 4] };
  const sample = { release: "r", n: 3, total: 3, id: [7, 8, 9], lat: [], lon: [], scores };
  assert.deepEqual(pointsOf(sample, "safety", "lively"), [{ id: 9, x: 3, y: 4 }]);
  assert.deepEqual(pointsOf(sample, "safety", "boring"), []);
});

test("the nearest point is within reach", () => {
  const some = points([1, 5, 9], [1, 5, 9]);
  assert.equal(nearest(some, { x: 6, y: 6 }, 2), 1);
  assert.equal(nearest(some, { x: 3, y: 3 }, 1), -1);
});

test("keys lead along both scores and stop at the ends", () => {
  const some = points([5, 1, 5, 9], [2, 8, 6, 4]);
  assert.equal(stepFrom(some, 1, "ArrowRight"), 0);
  assert.equal(stepFrom(some, 0, "ArrowRight"), 2);
  assert.equal(stepFrom(some, 3, "ArrowRight"), 3);
  assert.equal(stepFrom(some, 3, "ArrowUp"), 2);
  assert.equal(stepFrom(some, 2, "ArrowDown"), 3);
  assert.equal(stepFrom(some, 2, "Home"), 1);
  assert.equal(stepFrom(some, 1, "End"), 3);
  assert.equal(stepFrom(some, 1, "x"), null);
});

test("a box becomes ranges that hold all that was in it", () => {
  assert.deepEqual(tenths(6.94, 3.21), [3.2, 7]);
  assert.deepEqual(tenths(-2, 14), [0, 10]);
  assert.deepEqual(tenths(5, 5), [4.9, 5.1]);
  assert.deepEqual(tenths(10, 10), [9.9, 10]);
});
