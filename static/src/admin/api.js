// The one place of the admin's pages that talks to the server.

/** @import {AdminRelease, Comparison, ReleaseList, ReleaseProgress} from "./types.d.ts" */
/** @import {Placed, Position, Progress, Upload} from "./types.d.ts" */

/** status 0: no answer at all. code: the server's stable word for what was wrong. */
export class RequestFailed extends Error {
  /** @param {number} status @param {string} [code] @param {string} [detail] @param {number} [retryAfterS] */
  constructor(status, code = "", detail = `HTTP ${status}`, retryAfterS = 0) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
    /** Whether every other file would fare as this one. */
    this.ends = [401, 403, 404].includes(status) || code === "batch-closed";
  }

  /** Whether the same request may succeed a little later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** @param {string} url @param {RequestInit} [init] @returns {Promise<Response>} */
async function answer(url, init) {
  try {
    return await fetch(url, { headers: { Accept: "application/json" }, ...init });
  } catch {
    throw new RequestFailed(0);
  }
}

/** @param {Response} response @returns {Promise<any>} */
async function body(response) {
  const value = await response.json().catch(() => ({}));
  if (response.ok) return value;
  const retryAfterS = Number(response.headers.get("Retry-After")) || 0;
  throw new RequestFailed(response.status, value.code, value.detail, retryAfterS);
}

/** @param {string} url @param {RequestInit} [init] */
async function json(url, init) {
  return body(await answer(url, init));
}

/** @param {Record<string, unknown>} batch @returns {Promise<Progress>} */
export function create(batch) {
  return json("/api/admin/batches", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(batch),
  });
}

/** @param {number} batch @param {"score" | "complete" | "retry" | "cancel"} what @returns {Promise<Progress>} */
export function act(batch, what) {
  return json(`/api/admin/batches/${batch}/${what}`, { method: "POST" });
}

/** @param {string | null} refusal why the bytes stay refused, "" for the usual reason; null if they don't */
function refused(refusal) {
  const asked = new URLSearchParams({ refuse: String(refusal !== null) });
  if (refusal) asked.set("reason", refusal);
  return asked;
}

/**
 * Deletes for some seconds; how much is left, null once the batch is gone, by whomever.
 * @param {number} batch @param {string | null} refusal @returns {Promise<number | null>}
 */
export async function removeBatch(batch, refusal) {
  const url = `/api/admin/batches/${batch}?${refused(refusal)}`;
  const response = await answer(url, { method: "DELETE" });
  if (response.status === 204 || response.status === 404) return null;
  return (await body(response)).left;
}

/** @param {number} photo @param {string | null} refusal */
export async function removePhoto(photo, refusal) {
  const url = `/api/admin/photos/${photo}?${refused(refusal)}`;
  const response = await answer(url, { method: "DELETE" });
  if (response.status !== 404) await body(response);
}

/** @param {number} batch @returns {Promise<Progress>} */
export function progress(batch) {
  return json(`/api/admin/batches/${batch}`);
}

/** All files of the batch that came after one. @param {number} batch @param {number} after @returns {Promise<Upload[]>} */
export async function uploads(batch, after = 0) {
  const limit = 1000;
  /** @type {Upload[]} */
  const all = [];
  for (let last = after; ; last = /** @type {Upload} */ (all.at(-1)).id) {
    const some = await json(`/api/admin/batches/${batch}/files?after=${last}&limit=${limit}`);
    all.push(...some);
    if (some.length < limit) return all;
  }
}

/**
 * The verdict of a file: a duplicate and a rejected file are answers too, and no failures.
 * @param {number} batch @param {string} path @param {File} file @param {Position | undefined} position @returns {Promise<Upload>}
 */
export async function send(batch, path, file, position) {
  const form = new FormData();
  form.set("file", file, file.name);
  form.set("path", path);
  if (position) {
    form.set("lat", String(position.lat));
    form.set("lon", String(position.lon));
    if (position.heading_deg !== null) form.set("heading_deg", String(position.heading_deg));
    if (position.captured_at !== null) form.set("captured_at", position.captured_at);
  }
  const response = await answer(`/api/admin/batches/${batch}/files`, {
    method: "POST",
    body: form,
  });
  if (response.status === 409 || response.status === 422) {
    const value = await response.json();
    if (value.verdict) return { ...value, message: value.detail, scored: false };
    throw new RequestFailed(response.status, value.code, value.detail);
  }
  return body(response);
}

/** @param {number} batch @param {File} file @returns {Promise<Placed>} */
export function manifest(batch, file) {
  const form = new FormData();
  form.set("file", file, file.name);
  return json(`/api/admin/batches/${batch}/manifest`, { method: "POST", body: form });
}

/** @param {number} batch @param {Upload} upload */
export function thumbnail(batch, upload) {
  return `/api/admin/batches/${batch}/files/${upload.id}/thumbnail`;
}

const RELEASES = "/api/admin/releases";

/** @returns {Promise<ReleaseList>} */
export function releases() {
  return json(RELEASES);
}

/** @param {string} url @param {Record<string, unknown>} said @returns {Promise<AdminRelease>} */
function post(url, said) {
  return json(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(said),
  });
}

/** A folder that is on the server already. @param {string} folder */
export function register(folder) {
  return post(RELEASES, { folder });
}

/** @param {string} name */
export function scoreAll(name) {
  return post(`${RELEASES}/${encodeURIComponent(name)}/score`, {});
}

/** @param {string} name @param {boolean} allowMissing */
export function show(name, allowMissing) {
  return post(`${RELEASES}/${encodeURIComponent(name)}/activate`, { allow_missing: allowMissing });
}

/** @param {boolean} allowMissing */
export function rollBack(allowMissing) {
  return post(`${RELEASES}/roll-back`, { allow_missing: allowMissing });
}

/** @param {string} name */
export function removeRelease(name) {
  return json(`${RELEASES}/${encodeURIComponent(name)}`, { method: "DELETE" });
}

/** @param {string} name @param {string} other @returns {Promise<Comparison>} */
export function compare(name, other) {
  const asked = new URLSearchParams({ other });
  return json(`${RELEASES}/${encodeURIComponent(name)}/comparison?${asked}`);
}

/**
 * A release's progress until nothing of it is queued any more.
 * @param {string} name
 * @param {{ news: (progress: ReleaseProgress) => void, lost: () => void }} listener
 */
export function listenToRelease(name, listener) {
  return follow(`${RELEASES}/${encodeURIComponent(name)}/events`, listener);
}

const LOST_AFTER_MS = 4000;
const REOPEN_AFTER_MS = 3000;

/**
 * The batch's progress as it changes. The server ends a stream now and then and the browser opens
 * the next one by itself; where the server answered an error it does not, so that is done here.
 * @param {number} batch
 * @param {{ news: (progress: Progress) => void, lost: () => void }} listener lost: for some seconds
 * @returns {() => void} ends it
 */
export function listen(batch, listener) {
  return follow(`/api/admin/batches/${batch}/events`, listener);
}

/**
 * @template Progress
 * @param {string} url
 * @param {{ news: (progress: Progress) => void, lost: () => void }} listener
 * @returns {() => void}
 */
function follow(url, { news, lost }) {
  /** @type {EventSource} */
  let source;
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  const timers = new Set();
  const back = () => {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };
  const open = () => {
    source = new EventSource(url);
    source.addEventListener("progress", (event) => {
      back();
      news(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      if (timers.size === 0) timers.add(setTimeout(lost, LOST_AFTER_MS));
      if (source.readyState === EventSource.CLOSED) timers.add(setTimeout(open, REOPEN_AFTER_MS));
    });
  };
  open();
  return () => {
    back();
    source.close();
  };
}
