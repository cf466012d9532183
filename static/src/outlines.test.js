import assert from "node:assert/strict";
import { test } from "node:test";
import { PbfWriter } from "pbf";
import { decodeOutlines, OutlineSource, outlineAt } from "./outlines.js";

/** @typedef {[x: number, y: number][]} Ring not closed by its first point */

/** @param {number} n */
const zigzag = (n) => (n << 1) ^ (n >> 31);

/** A feature of polygons: an outer ring runs clockwise on the screen, a hole the other way. @param {Ring[]} rings */
function commands(rings) {
  const found = [];
  let [x, y] = [0, 0];
  for (const ring of rings) {
    for (const [i, [right, down]] of ring.entries()) {
      if (i === 0) found.push((1 << 3) | 1);
      if (i === 1) found.push(((ring.length - 1) << 3) | 2);
      found.push(zigzag(right - x), zigzag(down - y));
      [x, y] = [right, down];
    }
    found.push((1 << 3) | 7);
  }
  return found;
}

/** @param {{ id: number, rings: Ring[] }[]} features @param {number} [extent] @returns {ArrayBuffer} */
function encode(features, extent = 1024) {
  const tile = new PbfWriter();
  tile.writeMessage(
    3,
    (_, layer) => {
      layer.writeVarintField(15, 2);
      layer.writeStringField(1, "areas");
      for (const { id, rings } of features) {
        layer.writeMessage(
          2,
          (_feature, pbf) => {
            pbf.writeVarintField(1, id);
            pbf.writeVarintField(3, 3);
            pbf.writePackedVarint(4, commands(rings));
          },
          null,
        );
      }
      layer.writeVarintField(5, extent);
    },
    null,
  );
  const bytes = tile.finish();
  return /** @type {ArrayBuffer} */ (
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  );
}

/** @param {number} left @param {number} top @param {number} side @returns {Ring} */
function square(left, top, side) {
  return [
    [left, top],
    [left + side, top],
    [left + side, top + side],
    [left, top + side],
  ];
}

const HOLED = { id: 7, rings: [square(0, 0, 100), square(40, 40, 20).reverse()] };
const APART = { id: 300, rings: [square(100, 0, 50), square(200, 200, 50)] };

test("areas keep their ids, rings and boxes", () => {
  const outlines = decodeOutlines(encode([HOLED, APART], 512));
  assert.equal(outlines.length, 2);
  assert.equal(outlines.extent, 512);
  assert.deepEqual([...outlines.id], [7, 300]);
  assert.deepEqual(outlines.firstRing, [0, 2, 4]);
  assert.deepEqual(outlines.firstPoint, [0, 5, 10, 15, 20], "a ring repeats its first point");
  assert.deepEqual(outlines.points.slice(0, 6), [0, 0, 100, 0, 100, 100]);
  assert.deepEqual(outlines.boxes, [0, 0, 100, 100, 100, 0, 250, 250]);
});

test("an area is where its polygons are, and not in its holes", () => {
  const outlines = decodeOutlines(encode([HOLED, APART]));
  assert.equal(outlineAt(outlines, 10, 10), 7);
  assert.equal(outlineAt(outlines, 50, 50), null, "in the hole");
  assert.equal(outlineAt(outlines, 39, 50), 7);
  assert.equal(outlineAt(outlines, 120, 20), 300);
  assert.equal(outlineAt(outlines, 220, 220), 300);
  assert.equal(outlineAt(outlines, 160, 160), null, "in the box, but between the parts");
  assert.equal(outlineAt(outlines, 500, 10), null);
});

test("each place belongs to one of two neighbours", () => {
  const outlines = decodeOutlines(encode([HOLED, APART]));
  for (let x = 90; x < 110; x += 0.5)
    assert.equal(outlineAt(outlines, x, 25.5), x < 100 ? 7 : 300, String(x));
});

test("an empty tile holds nothing", async () => {
  const source = new OutlineSource("/tiles/areas/zone-5/{z}/{x}/{y}.mvt", async (url) => {
    assert.equal(url, "/tiles/areas/zone-5/9/1/2.mvt");
    return null;
  });
  const outlines = await source.load({ z: 9, x: 1, y: 2 }, new AbortController().signal);
  assert.equal(outlines.length, 0);
  assert.equal(outlineAt(outlines, 5, 5), null);
});
