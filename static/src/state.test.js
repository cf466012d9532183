import assert from "node:assert/strict";
import { test } from "node:test";
import { format, parse } from "./state.js";

/** @import {MapState} from "./types.d.ts" */

const KNOWN = {
  lang: /** @type {const} */ ("es"),
  attributes: ["safety", "lively", "boring"],
  modes: ["comuna", "cells", "photos"],
};

/** @type {MapState} */
const FIRST = {
  lang: "es",
  release: null,
  attribute: "safety",
  mode: "auto",
  view: null,
  area: null,
  cell: null,
  zone: null,
  photo: null,
  table: false,
  only: [],
  against: null,
  beside: null,
  embed: false,
};

test("the first visit has a bare address", () => {
  assert.deepEqual(parse("", KNOWN), FIRST);
  assert.equal(format(FIRST, "safety"), "");
});

test("every state comes back from its address", () => {
  /** @type {Partial<MapState>[]} */
  const changes = [
    { attribute: "boring" },
    { mode: "cells" },
    { view: { zoom: 11.5, lat: -33.43721, lon: -70.65061 } },
    { area: { layer: "comuna", code: "13123" } },
    { area: { layer: "zona_censal", code: "a/b &=ñ" } },
    { cell: { z: 16, x: 19907, y: 39255 } },
    { zone: { kind: "circle", lon: -70.65, lat: -33.45, radius_m: 800 } },
    { photo: 12 },
    { table: true },
    { embed: true },
    { against: { attribute: "lively", release: null } },
    { against: { attribute: "safety", release: "people-2.0" } },
    { beside: { attribute: "boring", release: "people-2.0" } },
    { only: [{ attribute: "safety", low: 6, high: 7.5 }] },
    { release: "people-2.0" },
    { attribute: "lively", mode: "photos", photo: 3, view: { zoom: 18, lat: 0, lon: 0 } },
  ];
  for (const change of changes) {
    const state = { ...FIRST, ...change };
    assert.deepEqual(parse(format(state, "safety"), KNOWN), state);
  }
});

test("the language is in the address unless it is Spanish", () => {
  assert.equal(format({ ...FIRST, lang: "en" }, "safety"), "?lang=en");
});

test("what is broken falls back to its default", () => {
  for (const search of [
    "?attribute=ugly",
    "?show=nothing",
    "?at=11/x/y",
    "?at=99/-33/-70",
    "?at=11/-95/-70",
    "?at=11",
    "?area=comuna",
    "?area=1/2",
    "?cell=16/70000/1",
    "?cell=4/0/0",
    "?cell=a/b/c",
    "?zone=p123",
    "?zone=c",
    "?photo=-3",
    "?photo=0",
    "?photo=1e3",
    "?table=yes",
  ]) {
    assert.deepEqual(parse(search, KNOWN), FIRST, search);
  }
});
