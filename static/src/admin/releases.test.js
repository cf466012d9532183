import assert from "node:assert/strict";
import { test } from "node:test";
import { accuracies, forgotten, isMoving } from "./releases.js";

/** @import {AdminRelease} from "./types.d.ts" */

/** @param {Partial<AdminRelease>} given @param {Partial<AdminRelease["counts"]>} counts @returns {AdminRelease} */
const release = (given = {}, counts = {}) => ({
  name: "new",
  state: "ready",
  active: false,
  counts: {
    photos: 10,
    scored: 10,
    published: 10,
    missing: 0,
    places: 0,
    queued: 0,
    failed: 0,
    ...counts,
  },
  first_pass: null,
  workers: 1,
  kind: "rankers",
  demo: false,
  created_at: "2026-11-24T09:00:00Z",
  source: null,
  metrics: {},
  ...given,
});

test("a release is followed as long as something of it is queued", () => {
  assert.equal(isMoving(release()), false);
  assert.equal(isMoving(release({}, { queued: 1 })), true);
  assert.equal(isMoving(release({ state: "scoring" })), true);
});

test("what is missing and in no job is offered to be scored", () => {
  assert.equal(forgotten(release()), 0);
  assert.equal(forgotten(release({}, { missing: 5, queued: 3 })), 2);
  assert.equal(forgotten(release({}, { missing: 5, queued: 7 })), 0);
  assert.equal(forgotten(release({}, { missing: 5, queued: 5, failed: 4 })), 4);
  assert.equal(forgotten(release({}, { missing: 5, places: 5 })), 0);
  const early = { first_pass: { done: 1, of: 3 } };
  assert.equal(forgotten(release(early, { missing: 9, queued: 2 })), 0);
  assert.equal(forgotten(release(early, { missing: 9, failed: 2 })), 9);
  assert.equal(forgotten(release({ kind: "imported" }, { missing: 5 })), 0);
  assert.equal(forgotten(release({ state: "registered" }, { missing: 5 })), 0);
});

test("accuracies are said as a range of whole per cents", () => {
  assert.equal(accuracies({}), null);
  assert.equal(accuracies({ safety: { accuracy: null }, lively: {} }), null);
  const metrics = { safety: { accuracy: 0.644 }, lively: { accuracy: 0.618 }, boring: {} };
  assert.deepEqual(accuracies(metrics), { low: 62, high: 64 });
});
