import assert from "node:assert/strict";
import { test } from "node:test";
import {
  around,
  cellAt,
  cellBbox,
  cellSideM,
  contains,
  direction,
  latitude,
  longitude,
  mercatorX,
  mercatorY,
} from "./geometry.js";

test("Mercator there and back", () => {
  for (const [lat, lon] of [
    [-33.45, -70.65],
    [0, 0],
    [85, 179.9],
    [-85, -179.9],
  ]) {
    assert.ok(Math.abs(latitude(mercatorY(Number(lat))) - Number(lat)) < 1e-9);
    assert.ok(Math.abs(longitude(mercatorX(Number(lon))) - Number(lon)) < 1e-9);
  }
  assert.equal(mercatorY(0), 0.5);
});

test("a tile of Santiago, as every other map counts it", () => {
  assert.deepEqual(cellAt(-33.4372, -70.6506, 12), { z: 12, x: 1244, y: 2452 });
});

test("every place lies in the box of its own cell, at any zoom", () => {
  for (let z = 0; z <= 22; z += 1) {
    const box = cellBbox(cellAt(-33.4372, -70.6506, z));
    assert.ok(contains(box, -33.4372, -70.6506), `zoom ${z}`);
  }
});

test("the world's edges belong to a cell", () => {
  assert.deepEqual(cellAt(85.06, 180, 3), { z: 3, x: 7, y: 0 });
  assert.deepEqual(cellAt(-85.06, -180, 3), { z: 3, x: 0, y: 7 });
});

test("a cell of zoom 16 is about half a kilometre in Santiago", () => {
  const side = cellSideM(cellAt(-33.45, -70.65, 16));
  assert.ok(side > 505 && side < 515, String(side));
});

test("eight directions, each from its middle", () => {
  const names = [0, 22, 23, 90, 180, 270, 337, 338, 359, 360, -90].map(direction);
  assert.deepEqual(names, [0, 0, 1, 2, 4, 6, 7, 0, 0, 0, 6]);
});

test("the box around boxes", () => {
  assert.equal(around([]), null);
  assert.deepEqual(
    around([
      [-71, -34, -70, -33],
      [-70.5, -35, -69, -33.5],
    ]),
    [-71, -35, -69, -33],
  );
});
