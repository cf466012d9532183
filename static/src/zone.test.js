import assert from "node:assert/strict";
import { test } from "node:test";
import { asQuery, bboxOf, crossesItself, decode, encode, tidy } from "./zone.js";

/** @import {DrawnShape, Place} from "./types.d.ts" */

/** @type {DrawnShape} */
const CIRCLE = { kind: "circle", lon: -70.65123, lat: -33.44321, radius_m: 1500 };
/** @type {DrawnShape} */
const TRIANGLE = {
  kind: "polygon",
  points: [
    [-70.65, -33.45],
    [-70.6, -33.45001],
    [-70.62, -33.4],
  ],
};
/** @type {Place[]} */
const BOW = [
  [0, 0],
  [1, 1],
  [1, 0],
  [0, 1],
];

test("a shape comes back from its text", () => {
  for (const shape of [CIRCLE, TRIANGLE]) {
    const text = encode(shape);
    assert.match(text, /^[cp][\w-]+$/);
    assert.deepEqual(decode(text), shape);
  }
  assert.ok(encode(TRIANGLE).length < 40);
});

test("random shapes come back", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  for (let i = 0; i < 200; i += 1) {
    const shape = tidy({
      kind: "circle",
      lon: random() * 360 - 180,
      lat: random() * 170 - 85,
      radius_m: 10 + random() * 99_000,
    });
    assert.deepEqual(decode(encode(shape)), shape);
  }
});

test("what is no shape is none", () => {
  const far = encode({ kind: "circle", lon: 0, lat: 0, radius_m: 200_000 });
  const bow = encode({ kind: "polygon", points: BOW });
  const two = encode({ kind: "polygon", points: BOW.slice(0, 2) });
  const beyond = encode({ kind: "circle", lon: 190, lat: 0, radius_m: 50 });
  for (const text of [null, "", "c", "p", "x", "c*", "cg", far, bow, two, beyond, "cAAAA"]) {
    assert.equal(decode(text), null, String(text));
  }
});

test("drawn to a metre, within the circles that are counted", () => {
  const shape = tidy({ kind: "circle", lon: 1.0000049, lat: 2, radius_m: 3 });
  assert.deepEqual(shape, { kind: "circle", lon: 1, lat: 2, radius_m: 10 });
});

test("a line crosses itself or does not", () => {
  assert.equal(crossesItself(BOW, false), true);
  assert.equal(crossesItself(BOW.slice(0, 3), true), false);
  const [a, b, c, d] = /** @type {[Place, Place, Place, Place]} */ (BOW);
  assert.equal(crossesItself([a, c, b, d], true), false);
  assert.equal(crossesItself([a, c, b, d], false), false);
  // Back along itself, and touching a corner.
  assert.equal(crossesItself([a, [2, 0], c], false), true);
  assert.equal(crossesItself([a, [2, 0], [2, 2], [1, 0], d], true), true);
  // Straight on is no crossing.
  assert.equal(crossesItself([a, c, [2, 0], b], true), false);
});

test("what the server is asked", () => {
  assert.deepEqual(asQuery(CIRCLE), {
    type: "Circle",
    center: [-70.65123, -33.44321],
    radius_m: 1500,
  });
  const { coordinates } = /** @type {{ coordinates: Place[][] }} */ (asQuery(TRIANGLE));
  assert.equal(coordinates[0]?.length, 4);
  assert.deepEqual(coordinates[0]?.[0], coordinates[0]?.[3]);
});

test("the box around it", () => {
  assert.deepEqual(bboxOf(TRIANGLE), [-70.65, -33.45001, -70.6, -33.4]);
  const [west, south, east, north] = bboxOf({ kind: "circle", lon: 0, lat: 60, radius_m: 1112 });
  assert.ok(Math.abs(north - south - 0.02) < 1e-4);
  assert.ok(Math.abs(east - west - 0.04) < 2e-4);
});
