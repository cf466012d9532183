// Shapes of the admin's JSON.

import type { Attribute, Bbox, Language } from "../types.d.ts";

export type VerdictName = "accepted" | "held" | "duplicate" | "rejected";

export interface Counts {
  files: number;
  accepted: number;
  held: number;
  duplicate: number;
  rejected: number;
  scored: number;
  unreadable: number;
  failed: number;
}

export interface Batch {
  id: number;
  title: string;
  state: "open" | "scoring" | "done" | "cancelled" | "deleting";
  created_at: string;
  counts: Counts;
}

export interface Progress extends Batch {
  release: string | null;
  jobs: number;
  workers: number;
  published: boolean;
  bbox: Bbox | null;
}

export interface Upload {
  id: number;
  path: string;
  sha256: string;
  verdict: VerdictName;
  reason: string | null;
  warnings: string[];
  message: string | null;
  photo_id: number | null;
  resembles: number | null;
  scored: boolean;
}

export interface Position {
  filename: string;
  lat: number;
  lon: number;
  heading_deg: number | null;
  captured_at: string | null;
}

export interface Placed {
  placed: number;
  rows: Position[];
  problems: { where: string; reason: string; message: string }[];
}

/**
 * A file under its path within what was dropped. open: the file as it is. read: its bytes in memory,
 * at most one more than the server takes; throws Unreadable.
 */
export interface Sendable {
  path: string;
  open: () => Promise<File>;
  read: () => Promise<File>;
}

/** A file that is not sent; `left.{reason}` is the text that says why. */
export interface Left {
  path: string;
  reason: string;
}

export interface Found {
  photos: Sendable[];
  manifests: Sendable[];
  archives: Sendable[];
  left: Left[];
}

export interface ReleaseProgress {
  name: string;
  state: "registered" | "scoring" | "ready";
  active: boolean;
  counts: {
    photos: number;
    scored: number;
    published: number;
    missing: number;
    places: number;
    queued: number;
    failed: number;
  };
  first_pass: { done: number; of: number } | null;
  workers: number;
}

export interface AdminRelease extends ReleaseProgress {
  kind: "rankers" | "imported";
  demo: boolean;
  created_at: string;
  source: string | null;
  metrics: Record<string, { accuracy?: number | null }>;
}

export interface ReleaseList {
  active: string | null;
  way_back: string | null;
  releases: AdminRelease[];
  folders: { folder: string; name: string | null; problem: string | null }[];
  trained_dir: string;
}

export interface Agreement {
  n: number;
  rank_correlation: number | null;
  mean_before: number;
  mean_after: number;
  move: number;
}

export interface AreaMove {
  code: string;
  name: string;
  mean_before: number;
  mean_after: number;
  rank_before: number;
  rank_after: number;
  of: number;
}

export interface PhotoMove {
  id: number;
  before: number;
  after: number;
  thumbnail: string | null;
}

export interface Comparison {
  release: string;
  other: string;
  n: number;
  only_before: number;
  only_after: number;
  attributes: Record<string, Agreement>;
  layers: {
    key: string;
    label: Record<Language, string>;
    areas: number;
    moves: Record<string, AreaMove[]>;
  }[];
  photos: Record<string, PhotoMove[]>;
}

export interface ReleasePageData {
  kind: "release";
  lang: Language;
  release: AdminRelease;
  active: string | null;
  others: string[];
  attributes: Attribute[];
}

export type PageData =
  | { kind: "batches"; lang: Language; batches: Batch[] }
  | { kind: "batch"; lang: Language; batch: Progress }
  | { kind: "releases"; lang: Language; list: ReleaseList }
  | ReleasePageData;
