// The one place that talks to the server.

import { asQuery } from "./zone.js";

/** @import {AreaDetail, AreaList, Bbox, CellDetail, DrawnShape, Histogram, PhotoDetail, PhotoPage, Release, ReleaseList, Sample, ZoneDetail, ZonePhotos} from "./types.d.ts" */

/** status 0: no answer at all. */
export class RequestFailed extends Error {
  /** @param {number} status @param {Record<string, any>} [problem] details of the server (RFC 9457) */
  constructor(status, problem = {}) {
    super(problem.detail ?? `HTTP ${status}`);
    this.status = status;
    /** Words for people. @type {string | undefined} */
    this.detail = problem.detail;
    this.problem = problem;
  }
}

const RETRIES_WHEN_BUSY = 3;
const WATCH_EVERY_MS = 60_000;

/** @type {Set<(running: number) => void>} */
const watchers = new Set();
let running = 0;

/**
 * Calls back with the number of requests under way, each time it changes.
 * @param {(running: number) => void} watcher
 */
export function watchRequests(watcher) {
  watchers.add(watcher);
}

/** @param {number} change */
function count(change) {
  running += change;
  for (const watcher of watchers) watcher(running);
}

/** @param {number} seconds @param {AbortSignal | undefined} signal @returns {Promise<void>} */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/**
 * Waits and asks again while the server says that it is busy (429).
 * @param {string} url @param {RequestInit} init @returns {Promise<Response>}
 */
async function request(url, init) {
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(url, init);
    if (response.status !== 429 || attempt === RETRIES_WHEN_BUSY) return response;
    await pause(Number(response.headers.get("Retry-After")) || 1, init.signal ?? undefined);
  }
}

/** @param {string} url @param {RequestInit} [init] */
async function ask(url, init = {}) {
  count(1);
  try {
    const response = await request(url, init);
    if (!response.ok && response.status !== 304) {
      const problem = await response.json().catch(() => ({}));
      throw new RequestFailed(response.status, problem);
    }
    return response;
  } catch (error) {
    if (error instanceof TypeError) throw new RequestFailed(0);
    throw error;
  } finally {
    count(-1);
  }
}

/** @param {string} url @param {AbortSignal} [signal] @returns {Promise<any>} */
async function json(url, signal) {
  return (await ask(url, { signal })).json();
}

/**
 * A vector tile's bytes; null when nothing lies in it.
 * @param {string} url @param {AbortSignal} signal
 */
export async function tile(url, signal) {
  const response = await ask(url, { signal });
  if (response.status === 204) return null;
  const bytes = await response.arrayBuffer();
  return bytes.byteLength > 0 ? bytes : null;
}

/** @type {string | null} */
let release = null;

/** From now on scores are those of this release; null: of the active one. @param {string | null} name */
export function readFrom(name) {
  release = name;
}

/** @param {string} path @param {Record<string, string | number | null | undefined>} [values] */
function address(path, values = {}) {
  const query = new URLSearchParams();
  const named = values.release ?? release;
  for (const [name, value] of Object.entries({ ...values, release: named })) {
    if (value !== null && value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** @param {string} layer @param {string | null} [named] release, if not the one that is read from @returns {Promise<AreaList>} */
export function areas(layer, named) {
  return json(address(`/api/areas/${layer}`, { release: named }));
}

/** @param {string} layer @param {string} code @returns {Promise<AreaDetail>} */
export function area(layer, code) {
  return json(address(`/api/areas/${layer}/${encodeURIComponent(code)}`));
}

/** @param {string} layer @returns {Promise<GeoJSON.FeatureCollection>} */
export function outlines(layer) {
  return json(`/api/areas/${layer}.geojson`);
}

/** @param {{ z: number, x: number, y: number }} cell @returns {Promise<CellDetail>} */
export function cell({ z, x, y }) {
  return json(address(`/api/cells/${z}/${x}/${y}`));
}

/**
 * @param {Record<string, string | number | null | undefined>} where
 * @param {AbortSignal} [signal]
 * @returns {Promise<PhotoPage>}
 */
export function photos(where, signal) {
  return json(address("/api/photos", where), signal);
}

/** @param {number} n @param {number} seed @param {string | null} [named] release, if not the one that is read from @returns {Promise<Sample>} */
export function sample(n, seed, named) {
  return json(address("/api/photos/sample", { n, seed, release: named }));
}

/** Of the photos that a list would have. @param {Record<string, string | number | null | undefined>} where @param {number} n @param {AbortSignal} signal @returns {Promise<Sample>} */
export function sampleOf(where, n, signal) {
  return json(address("/api/photos/sample", { ...where, n }), signal);
}

/** @param {number} id @returns {Promise<PhotoDetail>} */
export function photo(id) {
  return json(address(`/api/photos/${id}`));
}

/**
 * Photos by score: of the whole squares around a box, or of the city without one.
 * @param {Bbox | null} bbox @param {AbortSignal} [signal] @returns {Promise<Histogram>}
 */
export function histogram(bbox, signal) {
  return json(
    address("/api/histogram", { bbox: bbox?.map((edge) => edge.toFixed(5)).join() }),
    signal,
  );
}

/** Asks for a photo to be taken down; seconds to wait where there were too many. @param {number} id @param {{ reason: string, text: string }} said @returns {Promise<number | null>} */
export async function report(id, said) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify(said);
  const response = await fetch(`/api/photos/${id}/report`, { method: "POST", headers, body }).catch(
    () => null,
  );
  if (!response) throw new RequestFailed(0);
  if (response.status === 429) return Number(response.headers.get("Retry-After")) || 60;
  if (!response.ok)
    throw new RequestFailed(response.status, await response.json().catch(() => ({})));
  return null;
}

/** @param {string} path @param {DrawnShape} shape @param {Record<string, string | number>} values @returns {Promise<any>} */
async function query(path, shape, values = {}) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify(asQuery(shape));
  return (await ask(address(path, values), { method: "POST", headers, body })).json();
}

/** @param {DrawnShape} shape @returns {Promise<ZoneDetail>} */
export function zone(shape) {
  return query("/api/query", shape);
}

/** @param {DrawnShape} shape @param {string} attribute @param {number} limit @returns {Promise<ZonePhotos>} */
export function zonePhotos(shape, attribute, limit) {
  return query("/api/query/photos", shape, { attribute, limit });
}

/** @returns {Promise<ReleaseList>} */
export function releases() {
  return json("/api/releases");
}

/** The release that is shown now, or another one; null when nothing is scored yet. @param {string | null} [named] @returns {Promise<Release | null>} */
export async function currentRelease(named) {
  try {
    return await json(address("/tiles.json", { release: named }));
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return null;
    throw error;
  }
}

/** @param {Release | null} one @param {Release | null} other */
export function isSameData(one, other) {
  return one?.release === other?.release && one?.version === other?.version;
}

/**
 * Asks each minute, and when the page is looked at again, whether there is newer data.
 * A check that fails is left to the next one: the page keeps what it shows.
 * @param {Release | null} current @param {(release: Release | null) => void} onNews
 */
export function watchRelease(current, onNews) {
  let known = current;
  const check = async () => {
    if (document.hidden) return;
    const now = await currentRelease().catch(() => known);
    if (isSameData(now, known)) return;
    known = now;
    onNews(now);
  };
  setInterval(check, WATCH_EVERY_MS);
  addEventListener("focus", check);
}
