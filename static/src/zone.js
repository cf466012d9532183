// A shape that somebody draws on the map: as text for the address, and as what the server is asked.

/** @import {Bbox, DrawnShape, Place} from "./types.d.ts" */

export const MOST_POINTS = 200;
export const RADII_M = /** @type {const} */ ([10, 100_000]);
const DIGITS = 1e5;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const EARTH_RADIUS_M = 6_371_008.8;

/** About a metre, which is what the address keeps. @param {number} degrees */
function rounded(degrees) {
  return Math.round(degrees * DIGITS) / DIGITS;
}

/** @param {DrawnShape} shape @returns {DrawnShape} */
export function tidy(shape) {
  if (shape.kind === "circle") {
    const radius_m = Math.round(Math.min(RADII_M[1], Math.max(RADII_M[0], shape.radius_m)));
    return { kind: "circle", lon: rounded(shape.lon), lat: rounded(shape.lat), radius_m };
  }
  return { kind: "polygon", points: shape.points.map(([x, y]) => [rounded(x), rounded(y)]) };
}

/** Whole numbers in an alphabet that no address has to escape: five bits a letter, lowest first. @param {number[]} numbers */
function pack(numbers) {
  let text = "";
  for (const number of numbers) {
    let rest = number < 0 ? -2 * number - 1 : 2 * number;
    while (rest >= 32) {
      text += ALPHABET[32 + (rest % 32)];
      rest = Math.floor(rest / 32);
    }
    text += ALPHABET[rest];
  }
  return text;
}

/** null for what `pack` did not write. @param {string} text @returns {number[] | null} */
function unpack(text) {
  const numbers = [];
  let value = 0;
  let weight = 1;
  for (const letter of text) {
    const bits = ALPHABET.indexOf(letter);
    if (bits < 0) return null;
    value += (bits % 32) * weight;
    weight *= 32;
    if (bits >= 32) continue;
    numbers.push(value % 2 === 1 ? -(value + 1) / 2 : value / 2);
    value = 0;
    weight = 1;
  }
  return weight === 1 ? numbers : null;
}

/** @param {DrawnShape} shape */
export function encode(shape) {
  const whole = (/** @type {number} */ degrees) => Math.round(degrees * DIGITS);
  if (shape.kind === "circle") {
    return `c${pack([whole(shape.lon), whole(shape.lat), Math.round(shape.radius_m)])}`;
  }
  const steps = [];
  let before = [0, 0];
  for (const [lon, lat] of shape.points) {
    const here = [whole(lon), whole(lat)];
    steps.push((here[0] ?? 0) - (before[0] ?? 0), (here[1] ?? 0) - (before[1] ?? 0));
    before = here;
  }
  return `p${pack(steps)}`;
}

/** null for what is no shape. @param {string | null} text @returns {DrawnShape | null} */
export function decode(text) {
  const numbers = unpack(text?.slice(1) ?? "");
  if (!text || !numbers) return null;
  if (text[0] === "c") {
    const [lon = 0, lat = 0, radius_m = 0] = numbers;
    const fits = radius_m >= RADII_M[0] && radius_m <= RADII_M[1];
    if (numbers.length !== 3 || !fits || !isPlace([lon / DIGITS, lat / DIGITS])) return null;
    return { kind: "circle", lon: lon / DIGITS, lat: lat / DIGITS, radius_m };
  }
  if (text[0] !== "p" || numbers.length % 2 === 1) return null;
  /** @type {Place[]} */
  const points = [];
  let [x, y] = [0, 0];
  for (let i = 0; i < numbers.length; i += 2) {
    x += numbers[i] ?? 0;
    y += numbers[i + 1] ?? 0;
    points.push([x / DIGITS, y / DIGITS]);
  }
  const fits = points.length >= 3 && points.length <= MOST_POINTS && points.every(isPlace);
  return fits && !crossesItself(points, true) ? { kind: "polygon", points } : null;
}

/** @param {Place} place */
function isPlace([lon, lat]) {
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 85.05;
}

/** The body of a request for its figures. @param {DrawnShape} shape */
export function asQuery(shape) {
  if (shape.kind === "circle") {
    return { type: "Circle", center: [shape.lon, shape.lat], radius_m: shape.radius_m };
  }
  const [first] = shape.points;
  return { type: "Polygon", coordinates: [[...shape.points, first]] };
}

/** @param {DrawnShape} shape @returns {Bbox} */
export function bboxOf(shape) {
  if (shape.kind === "polygon") {
    const lons = shape.points.map((p) => p[0]);
    const lats = shape.points.map((p) => p[1]);
    return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
  }
  const up = (shape.radius_m / EARTH_RADIUS_M) * (180 / Math.PI);
  const across = up / Math.cos((shape.lat * Math.PI) / 180);
  return [shape.lon - across, shape.lat - up, shape.lon + across, shape.lat + up];
}

/** Twice the area of a triangle, positive where it turns left. @param {Place} a @param {Place} b @param {Place} c */
function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** Whether a place on the line through two others lies between them. @param {Place} a @param {Place} b @param {Place} p */
function isBetween(a, b, p) {
  const within = (/** @type {0 | 1} */ i) =>
    Math.min(a[i], b[i]) <= p[i] && p[i] <= Math.max(a[i], b[i]);
  return within(0) && within(1);
}

/** Whether two stretches meet. @param {Place} a @param {Place} b @param {Place} c @param {Place} d */
function meet(a, b, c, d) {
  const [t1, t2, t3, t4] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (t1 > 0 !== t2 > 0 && t3 > 0 !== t4 > 0 && t1 && t2 && t3 && t4) return true;
  return (
    (t1 === 0 && isBetween(a, b, c)) ||
    (t2 === 0 && isBetween(a, b, d)) ||
    (t3 === 0 && isBetween(c, d, a)) ||
    (t4 === 0 && isBetween(c, d, b))
  );
}

/** Whether a line through the points touches itself anywhere but from one stretch to the next. @param {Place[]} points @param {boolean} closed */
export function crossesItself(points, closed) {
  const n = points.length;
  const stretches = closed ? n : n - 1;
  const at = (/** @type {number} */ i) => /** @type {Place} */ (points[i % n]);
  for (let i = 0; i < stretches; i += 1) {
    for (let j = i + 1; j < stretches; j += 1) {
      const isNext = j === i + 1;
      const isLast = closed && i === 0 && j === stretches - 1;
      if (isNext || isLast) {
        // Neighbours share one end; they must not lie on each other.
        const [far, shared, other] = isNext
          ? [at(i), at(j), at(j + 1)]
          : [at(1), at(0), at(stretches - 1)];
        if (turn(far, shared, other) === 0 && !isBetween(far, other, shared)) return true;
      } else if (meet(at(i), at(i + 1), at(j), at(j + 1))) return true;
    }
  }
  return false;
}
