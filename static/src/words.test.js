import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import en from "./texts/en.json" with { type: "json" };
import es from "./texts/es.json" with { type: "json" };
import { fill, plain, Words } from "./words.js";

const SOURCE = path.dirname(fileURLToPath(import.meta.url));
const TEMPLATES = path.join(SOURCE, "..", "..", "templates");
const ATTRIBUTES = ["safety", "lively", "boring", "wealthy", "depressing", "beautiful"];

/** @param {string} folder @param {RegExp} name @returns {Promise<string[]>} */
async function read(folder, name) {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((entry) => name.test(entry) && !/(^|\/)admin\//.test(entry));
  return Promise.all(files.map((file) => readFile(path.join(folder, file), "utf8")));
}

/** @param {string} text */
const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();

test("both languages have the same texts with the same places", () => {
  assert.deepEqual(Object.keys(es), Object.keys(en));
  for (const [key, text] of Object.entries(es)) {
    assert.deepEqual(places(text), places(en[/** @type {keyof typeof en} */ (key)]), key);
    assert.notEqual(text.trim(), "", key);
  }
});

test("every text that is asked for by name is there, and none is left over", async () => {
  const sources = [
    ...(await read(SOURCE, /(?<!\.test)\.js$/)),
    ...(await read(TEMPLATES, /\.html$/)),
  ];
  const code = sources.join("\n");
  const known = new Set(Object.keys(es));
  const named = /(?:\bt|\bcount)\(\s*["']([\w.]*\w)["']/g;
  for (const [, key] of code.matchAll(named)) assert.ok(known.has(key ?? ""), `"${key}" is there`);
  /** What the code puts together from parts. */
  const composed =
    /^((comparative|most|least|direction|error)\..+|legend\.(cells|photos).*|photo\.(next|previous))$/;
  for (const key of known) {
    const base = key.replace(/\.one$/, "");
    const isNamed = [`"${base}"`, `'${base}'`].some((quoted) => code.includes(quoted));
    assert.ok(isNamed || composed.test(key), `"${key}" is used`);
  }
});

test("each attribute has its comparative and its two ends", () => {
  for (const key of ATTRIBUTES) {
    for (const kind of ["comparative", "most", "least"]) assert.ok(`${kind}.${key}` in es);
  }
});

test("places are filled, and one without a value stays to be seen", () => {
  assert.equal(fill("{name} · {n}", { name: "Ñuñoa", n: 3 }), "Ñuñoa · 3");
  assert.equal(fill("{name} {lost}", { name: "{lost}" }), "{lost} {lost}");
});

test("numbers as each language writes them", () => {
  const spanish = new Words("es", "Santiago");
  const english = new Words("en", "Santiago");
  assert.deepEqual([spanish.score(6.87), english.score(6.87)], ["6,9", "6.9"]);
  assert.deepEqual([spanish.number(5000), english.number(5000)], ["5.000", "5,000"]);
  assert.deepEqual([spanish.number(3.75), english.number(4)], ["3,75", "4"]);
  assert.deepEqual([spanish.distance(1019), english.distance(509.6)], ["1 km", "510 m"]);
  assert.equal(spanish.distance(1250), "1,3 km");
  assert.match(spanish.date("2025-11-24T04:00:00Z"), /^2[34] nov 2025$/);
  assert.match(english.date("2025-11-24T04:00:00Z"), /^2[34] Nov 2025$/);
  assert.equal(spanish.date(null), "—");
});

test("one is one, and the city is in every text", () => {
  const words = new Words("es", "Talca");
  assert.equal(words.count("panel.count", 1), "1 foto");
  assert.equal(words.count("panel.count", 1200), "1.200 fotos");
  assert.equal(words.t("sentence.after"), "se ve Talca?");
  assert.throws(() => words.t("no.such.text"), /no\.such\.text/);
});

test("names are compared without accents and case", () => {
  assert.equal(plain("  Ñuñoa "), "nunoa");
  assert.equal(plain("CONCHALÍ"), "conchali");
});
