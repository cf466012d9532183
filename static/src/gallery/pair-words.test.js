import assert from "node:assert/strict";
import { test } from "node:test";
import { Words } from "../words.js";
import { linesOf, scoresText } from "./pair-words.js";

/** @param {string} key @param {string} es @returns {import("../types.d.ts").Attribute} */
const attribute = (key, es) => ({
  key,
  label: { es, en: key },
  question: { es: "", en: "" },
  least: { es: `menos ${es}`, en: `less ${key}` },
  most: { es: `más ${es}`, en: `more ${key}` },
  palette: "forward",
});

/** @type {[import("../types.d.ts").Attribute, import("../types.d.ts").Attribute]} */
const PAIR = [attribute("safety", "segura"), attribute("boring", "aburrida")];
const ES = new Words("es", "Santiago");

/** @param {(number | null)[]} safety @param {(number | null)[]} boring @param {number} total */
const sample = (safety, boring, total) => ({
  release: "r",
  n: safety.length,
  total,
  id: safety.map((_, i) => i),
  lat: [],
  lon: [],
  scores: { safety, boring },
});
const UP = Array.from({ length: 30 }, (_, i) => i / 3);

test("a sample is said to be one, with how far the two go together", () => {
  assert.deepEqual(linesOf(sample(UP, [...UP].reverse(), 12_000), PAIR, ES), [
    "Una foto que se ve más segura suele verse menos aburrida.",
    "Correlación de rangos (Spearman): −1. 1 es siempre juntas; 0, sin relación; −1, siempre al revés.",
    "Muestra al azar de 30 de las 12.000 fotos de la lista.",
  ]);
});

test("photos without both scores are counted out", () => {
  const lines = linesOf(sample([...UP, 1, null], [...UP, null, null], 32), PAIR, ES);
  assert.equal(lines[0], "Una foto que se ve más segura suele verse más aburrida.");
  assert.equal(
    lines.at(-1),
    "Todas las fotos de la lista: 32. 2 sin los dos puntajes no se dibujan.",
  );
});

test("of few photos nothing is said but that they are few", () => {
  assert.deepEqual(linesOf(sample([1, 2, 3], [1, 2, 3], 3), PAIR, ES), [
    "Muy pocas fotos para decir si van juntas.",
    "Todas las fotos de la lista: 3.",
  ]);
  assert.deepEqual(linesOf(sample([], [], 0), PAIR, ES), ["Ninguna foto es así."]);
});

test("the scores of a point are those of both attributes", () => {
  assert.equal(scoresText({ id: 7, x: 6.91, y: 4 }, PAIR, ES), "segura 6,9 · aburrida 4,0");
});
