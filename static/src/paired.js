// Two releases' scores of the same squares and photos in one tile: the planes of the first, then
// those of the second.

/** @import {TileSource} from "./tiles.js" */
/** @import {Points, Tile} from "./types.d.ts" */

/**
 * @param {Int16Array} into @param {Int16Array} one @param {number} length
 * @param {Int16Array} other @param {number} otherLength
 * @param {(i: number) => number | undefined} partnerOf where thing i stands in the other
 */
function join(into, one, length, other, otherLength, partnerOf) {
  into.set(one);
  const planes = otherLength === 0 ? 0 : other.length / otherLength;
  for (let i = 0; i < length; i += 1) {
    const partner = partnerOf(i);
    if (partner === undefined) continue;
    for (let a = 0; a < planes; a += 1)
      into[one.length + a * length + i] = other[a * otherLength + partner] ?? -1;
  }
  return into;
}

/** Things that the second does not have stay, without its scores. @param {Points} one @param {Points} other @param {number} attributes @returns {Points} */
export function joinPoints(one, other, attributes) {
  const places = new Map(Array.from(other.id, (id, i) => [id, i]));
  const scores = new Int16Array(one.length * attributes * 2).fill(-1);
  const partnerOf = (/** @type {number} */ i) => places.get(one.id[i] ?? -1);
  return {
    ...one,
    scores: join(scores, one.scores, one.length, other.scores, other.length, partnerOf),
  };
}

/** @param {NonNullable<Tile["cells"]>} one @param {Tile["cells"]} other @param {number} attributes */
function joinCells(one, other, attributes) {
  const key = (/** @type {number} */ col, /** @type {number} */ row) => row * 256 + col;
  const places = new Map();
  for (let i = 0; i < (other?.length ?? 0); i += 1)
    places.set(key(other?.col[i] ?? 0, other?.row[i] ?? 0), i);
  const scores = new Int16Array(one.length * attributes * 2).fill(-1);
  const partnerOf = (/** @type {number} */ i) => places.get(key(one.col[i] ?? 0, one.row[i] ?? 0));
  const theirs = other?.scores ?? new Int16Array(0);
  return {
    ...one,
    scores: join(scores, one.scores, one.length, theirs, other?.length ?? 0, partnerOf),
  };
}

/** @param {Tile} one @param {Tile} other @param {number} attributes @returns {Tile} */
export function joinTiles(one, other, attributes) {
  return {
    cells: one.cells && joinCells(one.cells, other.cells, attributes),
    photos: one.photos && other.photos && joinPoints(one.photos, other.photos, attributes),
  };
}

/** Loads what two sources hold of a tile as one. */
export class PairedSource {
  /** @param {TileSource} one @param {TileSource} other @param {number} attributes */
  constructor(one, other, attributes) {
    this.one = one;
    this.other = other;
    this.attributes = attributes;
  }

  /** @param {{ z: number, x: number, y: number }} at @param {AbortSignal} signal @returns {Promise<Tile>} */
  async load(at, signal) {
    const [one, other] = await Promise.all([
      this.one.load(at, signal),
      this.other.load(at, signal),
    ]);
    return joinTiles(one, other, this.attributes);
  }
}
