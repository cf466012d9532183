import assert from "node:assert/strict";
import { test } from "node:test";
import { bins, binsOfRange, position, rangeOfBins, scaleOf, ticks } from "./scale.js";

/** @import {Attribute} from "./types.d.ts" */

const text = { es: "", en: "" };
/** @type {Attribute} */
const safety = {
  key: "safety",
  label: text,
  question: text,
  least: text,
  most: text,
  palette: "forward",
};
/** @type {Attribute} */
const boring = { ...safety, key: "boring", palette: "reversed" };

test("photos use the whole scale, areas and cells 5 ± d", () => {
  assert.deepEqual(scaleOf(safety, null), { low: 0, high: 10, reversed: false });
  assert.deepEqual(scaleOf(safety, 1.5), { low: 3.5, high: 6.5, reversed: false });
  assert.deepEqual(scaleOf(safety, 9), { low: 0, high: 10, reversed: false });
  assert.deepEqual(scaleOf(safety, 0), { low: 4.5, high: 5.5, reversed: false });
});

test("the favourable end is on the right, whatever the attribute", () => {
  const forward = scaleOf(safety, 2);
  const reversed = scaleOf(boring, 2);
  assert.equal(position(forward, 7), 1);
  assert.equal(position(reversed, 7), 0);
  for (const score of [3, 4.2, 5, 6.6, 7]) {
    assert.ok(Math.abs(position(forward, score) + position(reversed, score) - 1) < 1e-12);
  }
  assert.equal(position(forward, 5), 0.5);
});

test("scores beyond the ends stay on the bar", () => {
  const scale = scaleOf(safety, 1);
  assert.equal(position(scale, 0), 0);
  assert.equal(position(scale, 10), 1);
});

test("five numbers from left to right, 5 in the middle", () => {
  assert.deepEqual(ticks(scaleOf(safety, null)), [0, 2.5, 5, 7.5, 10]);
  assert.deepEqual(ticks(scaleOf(boring, null)), [10, 7.5, 5, 2.5, 0]);
  assert.deepEqual(ticks(scaleOf(safety, 1.5)), [3.5, 4.25, 5, 5.75, 6.5]);
});

test("a histogram counts every score once, in the order of the bar", () => {
  const scores = [0, 0.2, 4.99, 5, 9.99, 10];
  const counts = bins(scaleOf(safety, null), scores, 20);
  assert.equal(counts.length, 20);
  assert.deepEqual([counts[0], counts[9], counts[10], counts[19]], [2, 1, 1, 2]);
  const turned = bins(scaleOf(boring, null), scores, 20);
  assert.deepEqual([turned[19], turned[0]], [2, 2]);
  for (const all of [counts, turned]) {
    assert.equal(
      all.reduce((sum, n) => sum + n),
      scores.length,
    );
  }
});

test("a score on an edge is in the part that its range holds, on both kinds of bar", () => {
  for (const attribute of [safety, boring]) {
    for (const spread of [null, 0.5, 1.5, 3, 5]) {
      const scale = scaleOf(attribute, spread);
      for (let bin = 0; bin < 20; bin += 1) {
        const [low, high] = rangeOfBins(scale, 20, bin, bin);
        assert.deepEqual(binsOfRange(scale, 20, [low, high]), [bin, bin]);
        const inside = Math.min(9.99, Math.max(low, high - 0.01));
        for (const score of [low, inside]) {
          assert.equal(bins(scale, [score], 20)[bin], 1, `${score} of ${low}-${high}`);
        }
      }
    }
  }
});

test("a stretch of parts is one range, the whole bar is all scores", () => {
  assert.deepEqual(rangeOfBins(scaleOf(safety, null), 20, 12, 14), [6, 7.5]);
  assert.deepEqual(rangeOfBins(scaleOf(boring, null), 20, 0, 1), [9, 10]);
  assert.deepEqual(rangeOfBins(scaleOf(safety, 1.5), 20, 0, 19), [0, 10]);
  assert.deepEqual(binsOfRange(scaleOf(safety, 1.5), 20, [8, 9]), [19, 19]);
});
