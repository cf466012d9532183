// Photos as points of two scores: which lie where, and how far the two go together.

/** @import {Sample} from "../types.d.ts" */

/** @typedef {{ id: number, x: number, y: number }} Point scores of 0 to 10 */
/** @typedef {"few" | "none" | "weak" | "some" | "strong"} Strength */

/** As many as an area needs to have a mean shown. */
export const FEWEST = 20;

/** Photos that have both scores. @param {Sample} sample @param {string} x @param {string} y @returns {Point[]} */
export function pointsOf({ id, scores }, x, y) {
  const [xs = [], ys = []] = [scores[x], scores[y]];
  return id.flatMap((photo, i) => {
    const [across, up] = [xs[i], ys[i]];
    const hasBoth = typeof across === "number" && typeof up === "number";
    return hasBoth ? [{ id: photo, x: across, y: up }] : [];
  });
}

/** From 1 for the lowest; equal ones share the mean of their ranks. @param {number[]} values */
export function ranks(values) {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  /** @type {number[]} */
  const found = new Array(values.length).fill(0);
  for (let first = 0; first < order.length; ) {
    let next = first + 1;
    while (next < order.length && values[order[next] ?? 0] === values[order[first] ?? 0]) next += 1;
    for (let i = first; i < next; i += 1) found[order[i] ?? 0] = (first + 1 + next) / 2;
    first = next;
  }
  return found;
}

/** @param {number[]} values */
function fromMean(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

/** @param {number[]} one @param {number[]} other */
function product(one, other) {
  return one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
}

/** Spearman's rank correlation: Pearson's of the ranks. null where one of the two never differs. @param {Point[]} points */
export function spearman(points) {
  const x = fromMean(ranks(points.map((point) => point.x)));
  const y = fromMean(ranks(points.map((point) => point.y)));
  const spread = Math.sqrt(product(x, x) * product(y, y));
  return spread > 0 ? product(x, y) / spread : null;
}

/** In words that people use; the bounds are a custom, not a test. @param {number | null} rho @param {number} n @returns {Strength} */
export function strengthOf(rho, n) {
  if (rho === null || n < FEWEST) return "few";
  const size = Math.abs(rho);
  if (size < 0.1) return "none";
  if (size < 0.3) return "weak";
  return size < 0.7 ? "some" : "strong";
}

/** The point nearest to a place, no farther from it than `reach`; -1 for none. @param {Point[]} points @param {{ x: number, y: number }} at @param {number} reach */
export function nearest(points, at, reach) {
  let found = -1;
  let least = reach * reach;
  for (const [i, { x, y }] of points.entries()) {
    const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
    if (distance > least) continue;
    least = distance;
    found = i;
  }
  return found;
}

/**
 * Where a key leads from a point: left and right along one score, up and down along the other.
 * @param {Point[]} points @param {number} from @param {string} key @returns {number | null} null for any other key
 */
export function stepFrom(points, from, key) {
  /** @type {Record<string, ["x" | "y", number]>} */
  const steps = {
    ArrowRight: ["x", 1],
    ArrowLeft: ["x", -1],
    ArrowUp: ["y", 1],
    ArrowDown: ["y", -1],
    PageUp: ["y", 25],
    PageDown: ["y", -25],
    Home: ["x", -points.length],
    End: ["x", points.length],
  };
  const step = steps[key];
  if (!step) return null;
  const [axis, by] = step;
  const order = points.map((_, i) => i);
  order.sort((a, b) => (points[a]?.[axis] ?? 0) - (points[b]?.[axis] ?? 0) || a - b);
  const to = Math.min(order.length - 1, Math.max(0, order.indexOf(from) + by));
  return order[to] ?? null;
}

/** Two scores as a range of tenths that holds both. @param {number} one @param {number} other @returns {[low: number, high: number]} */
export function tenths(one, other) {
  const within = (/** @type {number} */ v) => Math.min(10, Math.max(0, v));
  const low = Math.floor(within(Math.min(one, other)) * 10 + 1e-6) / 10;
  const high = Math.ceil(within(Math.max(one, other)) * 10 - 1e-6) / 10;
  return low < high ? [low, high] : [Math.max(0, high - 0.1), Math.min(10, low + 0.1)];
}
