import assert from "node:assert/strict";
import { test } from "node:test";
import { Words } from "../words.js";
import { isAround, onGrid } from "./census.js";
import { coarsenessOf, colouringOf, modeOf, spreadOf } from "./colouring.js";
import { followed } from "./difference.js";
import { clicked } from "./histogram.js";
import { toPoints } from "./sample.js";
import { coordinatesIn, matching } from "./search.js";
import { sorted } from "./table.js";
import {
  citation,
  sentenceOf,
  tipOf,
  tipOfArea,
  tipOfDifference,
  withInterval,
} from "./wording.js";

/** @import {Area, Layer, Release} from "../types.d.ts" */

const label = { es: "Comunas", en: "Comunas" };
/** @type {Layer[]} */
const LAYERS = [
  { key: "comuna", label, areas: 52, source: null, licence: null },
  { key: "zone", label, areas: 1865, source: null, licence: null },
  { key: "city", label, areas: 1, source: null, licence: null, city: true },
];
/** @type {Release} */
const RELEASE = {
  release: "demo",
  version: 3,
  demo: true,
  photos: 3000,
  published_at: "2025-11-24T12:00:00Z",
  tiles: [],
  minzoom: 0,
  maxzoom: 20,
  bounds: [-71, -34, -70, -33],
  spread: { cells: 3, layers: { comuna: 1.5 } },
  city: null,
};
const es = new Words("es", "Santiago");
const en = new Words("en", "Santiago");

/** @param {string} name @param {Partial<Area>} [rest] @returns {Area} */
function area(name, rest = {}) {
  return {
    id: 1,
    code: name,
    name,
    n: 97,
    shown: true,
    reason: null,
    bbox: [0, 0, 1, 1],
    attributes: { safety: { n: 97, mean: 6.91, se: 0.1, ci95: [6.62, 7.2] } },
    ...rest,
  };
}

test("comunas, then cells, then photos, as long as nothing was chosen", () => {
  const kinds = [10, 12.5, 13, 16.5, 17, 20].map((zoom) =>
    modeOf(colouringOf("auto", zoom, LAYERS)),
  );
  assert.deepEqual(kinds, ["comuna", "comuna", "cells", "cells", "photos", "photos"]);
});

test("what was chosen stays at every zoom", () => {
  for (const mode of ["zone", "cells", "photos"]) {
    for (const zoom of [9, 14, 18]) assert.equal(modeOf(colouringOf(mode, zoom, LAYERS)), mode);
  }
  assert.equal(modeOf(colouringOf("city", 10, LAYERS)), "comuna");
  assert.equal(modeOf(colouringOf("auto", 10, [])), "cells");
});

test("each kind of map has its own spread", () => {
  assert.equal(spreadOf({ kind: "photos" }, RELEASE), null);
  assert.equal(spreadOf({ kind: "cells" }, RELEASE), 3);
  assert.equal(spreadOf({ kind: "areas", layer: "comuna" }, RELEASE), 1.5);
  assert.equal(spreadOf({ kind: "areas", layer: "zone" }, RELEASE), 2.5);
  assert.equal(spreadOf({ kind: "cells" }, null), 2.5);
});

test("fewer photos, larger squares", () => {
  const sizes = [0, 3000, 20_000, 120_000].map((photos) => coarsenessOf({ ...RELEASE, photos }));
  assert.deepEqual(sizes, [2, 2, 1, 0]);
});

test("the tip of an area says what is known of it", () => {
  assert.equal(
    tipOfArea(es, area("Providencia"), "safety"),
    "Providencia · 6,9 (6,6–7,2) · 97 fotos",
  );
  assert.equal(
    tipOfArea(en, area("Providencia"), "safety"),
    "Providencia · 6.9 (6.6–7.2) · 97 photos",
  );
  const few = area("Pirque", { n: 4, shown: false });
  assert.equal(tipOfArea(es, few, "safety"), "Pirque · pocas fotos (4)");
  const none = area("Alhué", { n: 0, shown: false, attributes: {} });
  assert.equal(tipOfArea(es, none, "safety"), "Alhué · sin datos");
});

test("the tip of a square and of a photo", () => {
  /** @type {import("../types.d.ts").Hit & { kind: "cell" }} */
  const cell = { kind: "cell", z: 16, x: 1, y: 1, n: 1, scores: [6.9, null] };
  assert.equal(tipOf(es, cell, 0, "510 m"), "Cuadro de 510 m · 6,9 · 1 foto");
  assert.equal(tipOf(es, { ...cell, n: 12 }, 0, "510 m"), "Cuadro de 510 m · 6,9 · 12 fotos");
  assert.equal(tipOf(en, { kind: "photo", id: 1, scores: [null] }, 0, ""), "Photo · no score");
});

test("the sentence is about looks, in both languages", () => {
  assert.equal(
    sentenceOf(es, "Providencia", "safety", 6.91),
    "Una foto al azar de Providencia se ve más segura que 69 de cada 100 de Santiago",
  );
  assert.equal(
    sentenceOf(en, "Providencia", "depressing", 3.14),
    "A random photo of Providencia looks more depressing than 31 of every 100 of Santiago",
  );
});

test("what is copied carries interval, photos, release, date and the demo's warning", () => {
  const figure = { n: 97, mean: 6.91, ci95: /** @type {[number, number]} */ ([6.62, 7.2]) };
  const text = citation(es, "Frase", figure, RELEASE);
  assert.equal(
    text,
    "Frase (95 %: 66–72; 97 fotos; Mirada, versión demo, 24 nov 2025). Demostración: calles dibujadas, no fotos reales.",
  );
  const plain = citation(en, "Sentence", { n: 5, mean: 6 }, { ...RELEASE, demo: false });
  assert.equal(plain, "Sentence (5 photos; Mirada, release demo, 24 Nov 2025).");
  assert.equal(withInterval(es, { n: 5, mean: 6 }), "6,0");
});

test("coordinates are read with points and commas, latitude first, and nothing else is", () => {
  const place = { lat: -33.43, lon: -70.61 };
  for (const text of ["-33.43, -70.61", " -33,43; -70,61", "-33.43 -70.61", "−33.43°,−70.61°"])
    assert.deepEqual(coordinatesIn(text), place, text);
  for (const text of ["", "Ñuñoa", "13.5", "-33,43", "-33.43, x", "-95.1, -70.61", "33.4 190.2"])
    assert.equal(coordinatesIn(text), null, text);
});

test("search finds by any word, accents aside, the beginning first", () => {
  const names = [
    "San Ramón",
    "Peñalolén",
    "Ñuñoa",
    "La Reina",
    "Lo Barnechea",
    "Renca",
    "Cerro Navia",
  ];
  const areas = names.map((name) => ({ code: name, name }));
  const find = (/** @type {string} */ text) => matching(areas, text).map((a) => a.name);
  assert.deepEqual(find("nun"), ["Ñuñoa"]);
  assert.deepEqual(find("RE"), ["Renca", "La Reina"]);
  assert.deepEqual(find("n"), [
    "Ñuñoa",
    "Cerro Navia",
    "La Reina",
    "Lo Barnechea",
    "Peñalolén",
    "Renca",
    "San Ramón",
  ]);
  assert.deepEqual(find("  "), []);
  assert.deepEqual(find("zz"), []);
});

test("the table sorts both ways, and areas without a mean come last", () => {
  const mean = (/** @type {number} */ m) => ({ attributes: { safety: { n: 30, mean: m } } });
  const areas = [
    area("Ñuñoa", { ...mean(6), n: 30 }),
    area("Alhué", { n: 0, shown: false, attributes: {} }),
    area("Macul", { ...mean(5), n: 90 }),
    area("Pirque", { ...mean(9), n: 3, shown: false }),
    area("Buin", { ...mean(7), n: 20 }),
  ];
  const names = (/** @type {string} */ column, /** @type {boolean} */ down) =>
    sorted(areas, column, down, es.collator).map((a) => a.name);
  assert.deepEqual(names("safety", true), ["Buin", "Ñuñoa", "Macul", "Alhué", "Pirque"]);
  assert.deepEqual(names("safety", false), ["Macul", "Ñuñoa", "Buin", "Alhué", "Pirque"]);
  assert.deepEqual(names("n", true), ["Macul", "Ñuñoa", "Buin", "Pirque", "Alhué"]);
  assert.deepEqual(names("name", false), ["Alhué", "Buin", "Macul", "Ñuñoa", "Pirque"]);
});

test("a sample in columns becomes points", () => {
  const points = toPoints(
    {
      release: "demo",
      n: 2,
      total: 9,
      id: [4, 7],
      lat: [0, -33.45],
      lon: [0, -70.65],
      scores: { safety: [6.9, null], lively: [0, 10] },
    },
    ["safety", "lively"],
  );
  assert.deepEqual([...points.scores], [690, -1, 0, 1000]);
  assert.deepEqual([points.x[0], points.y[0]], [0.5, 0.5]);
  assert.deepEqual([...points.id], [4, 7]);
});

test("a click on a bar chooses it, again takes it back, with shift it reaches there", () => {
  assert.deepEqual(clicked(null, 3, false), [3, 3]);
  assert.deepEqual(clicked(null, 3, true), [3, 3]);
  assert.equal(clicked([3, 3], 3, false), null);
  assert.deepEqual(clicked([3, 5], 3, false), [3, 3]);
  assert.deepEqual(clicked([3, 3], 6, true), [3, 6]);
  assert.deepEqual(clicked([3, 6], 1, true), [1, 6]);
});

test("what is subtracted follows the attribute that is shown", () => {
  const lively = { attribute: "lively", release: null };
  assert.equal(followed(null, "safety", "lively"), null);
  assert.deepEqual(followed(lively, "safety", "boring"), lively);
  assert.deepEqual(followed(lively, "safety", "lively"), { ...lively, attribute: "safety" });
  const other = { attribute: "safety", release: "two" };
  assert.deepEqual(followed(other, "safety", "boring"), { ...other, attribute: "boring" });
  assert.deepEqual(followed(other, "lively", "boring"), other);
});

test("a difference is told with its sign", () => {
  assert.equal(tipOfDifference(es, "Macul", [6.9, 5.7]), "Macul · +1,2 (6,9 menos 5,7)");
  assert.equal(tipOfDifference(en, "Macul", [5, 6]), "Macul · −1 (5.0 minus 6.0)");
  assert.equal(tipOfDifference(en, "Macul", [5, 5]), "Macul · 0 (5.0 minus 5.0)");
});

test("the whole city is not asked for as a part of itself", () => {
  /** @type {import("../types.d.ts").Bbox} */
  const city = [-71, -34, -70, -33];
  assert.ok(isAround([-72, -35, -69, -32], city));
  assert.ok(isAround(city, city));
  assert.ok(!isAround([-70.9, -35, -69, -32], city));
  assert.deepEqual(onGrid([-200, -89, 30, 88]), [-180, -85, 30, 85]);
});
