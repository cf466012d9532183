import assert from "node:assert/strict";
import { test } from "node:test";
import { PbfWriter } from "pbf";
import { decode, TileSource } from "./tiles.js";

const KEYS = ["safety", "lively"];
const SQUARE = 3;
const POINT = 1;

/**
 * @typedef {{ type: number, geometry: number[], properties: Record<string, number> }} Feature
 */

/** Written by the specification of vector tiles 2.1. @param {Record<string, Feature[]>} layers */
function encode(layers) {
  const tile = new PbfWriter();
  for (const [name, features] of Object.entries(layers)) {
    tile.writeMessage(3, (_, layer) => writeLayer(layer, name, features), null);
  }
  const bytes = tile.finish();
  return /** @type {ArrayBuffer} */ (bytes.slice().buffer);
}

/** @param {PbfWriter} layer @param {string} name @param {Feature[]} features */
function writeLayer(layer, name, features) {
  const keys = [...new Set(features.flatMap((f) => Object.keys(f.properties)))];
  const values = [...new Set(features.flatMap((f) => Object.values(f.properties)))];
  layer.writeVarintField(15, 2);
  layer.writeStringField(1, name);
  for (const { type, geometry, properties } of features) {
    const tags = Object.entries(properties).flatMap(([k, v]) => [
      keys.indexOf(k),
      values.indexOf(v),
    ]);
    layer.writeMessage(
      2,
      (_, feature) => {
        feature.writePackedVarint(2, tags);
        feature.writeVarintField(3, type);
        feature.writePackedVarint(4, geometry);
      },
      null,
    );
  }
  for (const key of keys) layer.writeStringField(3, key);
  for (const value of values) {
    layer.writeMessage(4, (_, written) => written.writeVarintField(5, value), null);
  }
  layer.writeVarintField(5, 4096);
}

/** @param {number} n */
const zigzag = (n) => (n << 1) ^ (n >> 31);

/** @param {number} col @param {number} row @param {Record<string, number>} properties */
function cell(col, row, properties) {
  const move = [9, zigzag(col * 128), zigzag(row * 128)];
  const lines = [26, zigzag(128), 0, 0, zigzag(128), zigzag(-128), 0];
  return { type: SQUARE, geometry: [...move, ...lines, 15], properties };
}

/** @param {number} x @param {number} y @param {Record<string, number>} properties */
function photo(x, y, properties) {
  return { type: POINT, geometry: [9, zigzag(x), zigzag(y)], properties };
}

test("cells become columns; a missing mean is -1", () => {
  const bytes = encode({
    cells: [cell(0, 0, { n: 12, safety: 690, lively: 0 }), cell(31, 7, { n: 1, lively: 1000 })],
  });
  const { cells, photos } = decode(bytes, KEYS, { z: 11, x: 1, y: 2 });
  assert.ok(cells);
  assert.deepEqual([...cells.col], [0, 31]);
  assert.deepEqual([...cells.row], [0, 7]);
  assert.deepEqual([...cells.n], [12, 1]);
  assert.deepEqual([...cells.scores], [690, -1, 0, 1000]);
  assert.equal(photos, null, "too full to hold its photos");
});

test("photos stand where they are in the world", () => {
  const bytes = encode({ photos: [photo(2048, 1024, { id: 77, safety: 5 })] });
  const { cells, photos } = decode(bytes, KEYS, { z: 2, x: 1, y: 2 });
  assert.equal(cells, null);
  assert.ok(photos);
  assert.deepEqual([photos.id[0], photos.x[0], photos.y[0]], [77, 1.5 / 4, 2.25 / 4]);
  assert.deepEqual([...photos.scores], [5, -1]);
});

test("a tile is fetched and decoded once", async () => {
  /** @type {string[]} */
  const asked = [];
  const source = new TileSource("/tiles/demo-3/{z}/{x}/{y}.mvt", KEYS, async (url) => {
    asked.push(url);
    return url.includes("/9/") ? null : encode({ cells: [cell(1, 1, { n: 5, safety: 500 })] });
  });
  const { signal } = new AbortController();
  const first = await source.load({ z: 11, x: 620, y: 1228 }, signal);
  const again = await source.load({ z: 11, x: 620, y: 1228 }, signal);
  assert.equal(first, again);
  assert.deepEqual(asked, ["/tiles/demo-3/11/620/1228.mvt"]);
  const empty = await source.load({ z: 9, x: 1, y: 1 }, signal);
  assert.equal(empty.cells, null);
  assert.equal(empty.photos?.length, 0, "an empty tile holds all of its photos");
});

test("what failed is asked for again", async () => {
  let failures = 1;
  const source = new TileSource("/{z}/{x}/{y}", KEYS, async () => {
    if (failures > 0) {
      failures -= 1;
      throw new Error("away");
    }
    return null;
  });
  const { signal } = new AbortController();
  await assert.rejects(source.load({ z: 1, x: 0, y: 0 }, signal), /away/);
  assert.ok(await source.load({ z: 1, x: 0, y: 0 }, signal));
});
