import assert from "node:assert/strict";
import { test } from "node:test";
import { joinPoints, joinTiles, PairedSource } from "./paired.js";

/** @import {Points, Tile} from "./types.d.ts" */

/** @param {number[]} ids @param {number[]} scores @returns {Points} */
function points(ids, scores) {
  const none = new Float64Array(ids.length);
  return {
    length: ids.length,
    id: Float64Array.from(ids),
    x: none,
    y: none,
    scores: Int16Array.from(scores),
  };
}

/** @param {[col: number, row: number][]} at @param {number[]} scores @returns {Tile} */
function tile(at, scores) {
  return {
    cells: {
      length: at.length,
      col: Uint8Array.from(at, (p) => p[0]),
      row: Uint8Array.from(at, (p) => p[1]),
      n: new Uint32Array(at.length).fill(3),
      scores: Int16Array.from(scores),
    },
    photos: null,
  };
}

test("photos are joined by their id, in whatever order the second holds them", () => {
  const one = points([4, 7, 9], [1, 2, 3, 10, 20, 30]);
  const other = points([9, 4], [5, 6, 50, 60]);
  const both = joinPoints(one, other, 2);
  assert.deepEqual([...both.scores], [1, 2, 3, 10, 20, 30, 6, -1, 5, 60, -1, 50]);
  assert.deepEqual([...joinPoints(one, points([], []), 2).scores].slice(6), Array(6).fill(-1));
});

test("squares are joined by their place", async () => {
  const one = tile(
    [
      [0, 0],
      [31, 2],
    ],
    [100, 200],
  );
  const other = tile(
    [
      [2, 31],
      [31, 2],
    ],
    [700, 800],
  );
  assert.deepEqual([...(joinTiles(one, other, 1).cells?.scores ?? [])], [100, 200, -1, 800]);
  const empty = { cells: null, photos: null };
  assert.deepEqual([...(joinTiles(one, empty, 1).cells?.scores ?? [])], [100, 200, -1, -1]);
  assert.equal(joinTiles(empty, other, 1).cells, null);
  const source = (/** @type {Tile} */ held) =>
    /** @type {import("./tiles.js").TileSource} */ (
      /** @type {unknown} */ ({ load: async () => held })
    );
  const paired = new PairedSource(source(one), source(other), 1);
  const loaded = await paired.load({ z: 1, x: 0, y: 0 }, new AbortController().signal);
  assert.deepEqual([...(loaded.cells?.scores ?? [])], [100, 200, -1, 800]);
});
