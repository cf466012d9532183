import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cividis,
  colourOf,
  differenceLookup,
  diverging,
  isDark,
  lookup,
  luminance,
} from "./colour.js";

const FORWARD = { low: 0, high: 10, reversed: false };

test("cividis runs from blue to yellow, ever lighter", () => {
  const steps = Array.from({ length: 101 }, (_, i) => cividis(i / 100));
  const lightness = steps.map(luminance);
  for (let i = 1; i < lightness.length; i += 1) {
    assert.ok(/** @type {number} */ (lightness[i]) >= /** @type {number} */ (lightness[i - 1]));
  }
  const [r, g, b] = (cividis(1).match(/\d+/g) ?? []).map(Number);
  assert.ok(r && g && b !== undefined && r > 240 && g > 220 && b < 100, "yellow");
  const [red, , blue] = (cividis(0).match(/\d+/g) ?? []).map(Number);
  assert.ok(red !== undefined && blue && red < 20 && blue > 70, "blue");
});

test("ends of a reversed scale change places", () => {
  const reversed = { ...FORWARD, reversed: true };
  assert.equal(colourOf(FORWARD, 10), colourOf(reversed, 0));
  assert.equal(colourOf(FORWARD, 5), cividis(0.5));
});

test("the lookup of a tile's integers is the colour of the same score", () => {
  const colours = lookup({ low: 3, high: 7, reversed: true });
  assert.equal(colours.length, 1001);
  for (const score of [0, 299, 300, 500, 613, 700, 1000]) {
    assert.equal(colours[score], colourOf({ low: 3, high: 7, reversed: true }, score / 100));
  }
});

test("text is light on blue and dark on yellow, and always readable", () => {
  assert.equal(isDark(cividis(0)), true);
  assert.equal(isDark(cividis(1)), false);
  for (let i = 0; i <= 20; i += 1) {
    const colour = cividis(i / 20);
    const ink = isDark(colour) ? 1 : 0;
    const [light, dark] = [luminance(colour), ink].sort((a, b) => b - a);
    assert.ok((light ?? 0) + 0.05 >= 4.5 * ((dark ?? 0) + 0.05), colour);
  }
});

test("luminance is that of WCAG", () => {
  assert.equal(luminance("rgb(255, 255, 255)"), 1);
  assert.equal(luminance("rgb(0, 0, 0)"), 0);
  assert.ok(Math.abs(luminance("rgb(119, 119, 119)") - 0.1845) < 1e-3);
});

test("differences run from orange over the lightest to purple", () => {
  const channels = (/** @type {number} */ along) =>
    (diverging(along).match(/\d+/g) ?? []).map(Number);
  const [red = 0, , blue = 0] = channels(0.2);
  assert.ok(red > 150 && blue < 60, "orange");
  const [less = 0, , more = 0] = channels(0.85);
  assert.ok(more > less, "purple");
  const lightest = luminance(diverging(0.5));
  for (let i = 0; i <= 100; i += 1) assert.ok(luminance(diverging(i / 100)) <= lightest + 0.01);
  const colours = differenceLookup({ low: -2, high: 2, reversed: false });
  assert.equal(colours.length, 2001);
  assert.deepEqual([colours[0], colours[800]], [diverging(0), diverging(0)]);
  assert.deepEqual([colours[1000], colours[2000]], [diverging(0.5), diverging(1)]);
});
