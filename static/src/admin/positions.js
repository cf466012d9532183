// Which row of a manifest is for which file.

/** @import {Position} from "./types.d.ts" */

/** @param {string} path */
function clean(path) {
  return path
    .split(/[/\\]+/)
    .filter(Boolean)
    .join("/");
}

/** @param {string} path */
function name(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Rows by their path and, where only one row has it, by the file's name. */
export class Positions {
  constructor() {
    /** @type {Map<string, Position>} */
    this.byPath = new Map();
    /** @type {Map<string, Position | null>} null: of several rows */
    this.byName = new Map();
  }

  /** @param {Position[]} rows */
  add(rows) {
    for (const row of rows) {
      const path = clean(row.filename);
      if (this.byPath.has(path)) continue;
      this.byPath.set(path, row);
      this.byName.set(name(path), this.byName.has(name(path)) ? null : row);
    }
  }

  /**
   * The row of exactly this path, else the only row of this name if one path is the end of the other.
   * @param {string} path @returns {Position | undefined}
   */
  of(path) {
    const cleaned = clean(path);
    const exact = this.byPath.get(cleaned);
    if (exact) return exact;
    const row = this.byName.get(name(cleaned));
    if (!row) return undefined;
    const other = clean(row.filename);
    const fits = `/${cleaned}`.endsWith(`/${other}`) || `/${other}`.endsWith(`/${cleaned}`);
    return fits ? row : undefined;
  }
}
