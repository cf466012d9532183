// Shapes of the admin's JSON.

import type { Bbox, Language } from "../types.d.ts";

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
  verdict: VerdictName;
  reason: string | null;
  warnings: string[];
  message: string | null;
  photo_id: number | null;
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

/** A file that is to be sent, under its path within what was dropped. */
export interface Sendable {
  path: string;
  file: File;
}

export type PageData =
  | { kind: "batches"; lang: Language; batches: Batch[] }
  | { kind: "batch"; lang: Language; batch: Progress };
