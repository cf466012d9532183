// Shapes of the JSON that the server answers and of what the modules hand each other.

export type Language = "es" | "en";
export type Text = Record<Language, string>;
export type Bbox = [west: number, south: number, east: number, north: number];

export interface Attribute {
  key: string;
  label: Text;
  question: Text;
  least: Text;
  most: Text;
  palette: "forward" | "reversed";
}

export interface Layer {
  key: string;
  label: Text;
  areas: number;
  source: string | null;
  licence: string | null;
  city?: boolean;
  /** Address of a large layer's vector tiles; null where GeoJSON holds its outlines. */
  tiles?: string | null;
}

/** /tiles.json */
export interface Release {
  release: string;
  version: number;
  demo: boolean;
  photos: number;
  published_at: string | null;
  tiles: string[];
  minzoom: number;
  maxzoom: number;
  bounds: Bbox;
  spread: { cells: number; layers: Record<string, number> };
  city: { name: string; bbox: Bbox | null } | null;
}

/** One attribute of an area or a cell: n photos have a score; 0 ≤ mean ≤ 10. */
export interface Figure {
  n: number;
  mean: number;
  se?: number | null;
  ci95?: [number, number] | null;
  rank?: number | null;
  of?: number | null;
}
export type Figures = Record<string, Figure | undefined>;

export interface Area {
  /** Of its polygon in vector tiles. */
  id: number;
  code: string;
  name: string;
  n: number;
  shown: boolean;
  reason: "few-photos" | "few-cells" | "no-photos" | null;
  bbox: Bbox;
  attributes: Figures;
}

/** /api/areas/{layer}/{code} */
export interface AreaDetail extends Area {
  histogram: Record<string, number[]>;
}

export interface AreaList {
  layer: string;
  release: string;
  version: number;
  floor: { photos: number; cells: number };
  areas: Area[];
}

export interface CellDetail {
  z: number;
  x: number;
  y: number;
  bbox: Bbox;
  n: number;
  attributes: Figures;
  /** Of squares of zooms 5 to 14. */
  histogram: Record<string, number[]> | null;
}

export interface Photo {
  id: number;
  lat: number;
  lon: number;
  heading_deg: number | null;
  captured_at: string | null;
  source: string;
  licence: string | null;
  attribution: string | null;
  image: string | null;
  thumbnail: string | null;
  width_px: number | null;
  height_px: number | null;
  scores: Record<string, number | undefined>;
}

export interface PhotoDetail extends Photo {
  areas: Record<string, { code: string; name: string } | undefined>;
  neighbours: { previous: number | null; next: number | null };
}

export interface PhotoPage {
  release: string;
  total: number;
  photos: Photo[];
  next: string | null;
}

export interface Sample {
  release: string;
  n: number;
  total: number;
  id: number[];
  lat: number[];
  lon: number[];
  scores: Record<string, (number | null)[]>;
}

export interface PageData {
  lang: Language;
  attributes: Attribute[];
  layers: Layer[];
  release: Release | null;
  basemap: { url: string; attribution: string };
  city_name: string;
  demo: boolean;
}

export interface View {
  lat: number;
  lon: number;
  zoom: number;
}

export interface CellKey {
  z: number;
  x: number;
  y: number;
}

export type Place = [lon: number, lat: number];

/** What somebody draws. The ring of points is not closed by repeating the first. */
export type DrawnShape =
  | { kind: "polygon"; points: Place[] }
  | { kind: "circle"; lon: number; lat: number; radius_m: number };

/** POST /api/query */
export interface ZoneDetail {
  release: string;
  version: number;
  n: number;
  shown: boolean;
  reason: "few-photos" | "few-cells" | "no-photos" | null;
  floor: { photos: number; cells: number };
  bbox: Bbox;
  area_km2: number;
  attributes: Figures;
  histogram: Record<string, number[]>;
}

export interface ZonePhotos {
  most: Photo[];
  typical: Photo[];
  least: Photo[];
}

/** low ≤ score < high, 0 to 10; a high of 10 holds 10. */
export interface ScoreRange {
  attribute: string;
  low: number;
  high: number;
}

/** /api/histogram: photos in 20 bins, half a point wide, by attribute. */
export interface Histogram {
  release: string;
  n: number;
  bbox: Bbox | null;
  attributes: Record<string, number[]>;
}

/** An attribute of a release; null: of the one that the map shows. */
export interface Reading {
  attribute: string;
  release: string | null;
}

/** /api/releases */
export interface ReleaseList {
  active: string | null;
  releases: { name: string; published_at: string | null }[];
}

/** The whole state of the map page; what is not a default stands in the URL. */
export interface MapState {
  lang: Language;
  /** null: the active one. */
  release: string | null;
  attribute: string;
  /** "auto", the key of an area layer, "cells" or "photos". */
  mode: string;
  view: View | null;
  area: { layer: string; code: string } | null;
  cell: CellKey | null;
  zone: DrawnShape | null;
  photo: number | null;
  table: boolean;
  /** Only what lies in all of these is shown. */
  only: ScoreRange[];
  /** What is subtracted: the map shows the difference. */
  against: Reading | null;
  /** What a second map beside shows. */
  beside: Reading | null;
  /** Inside another site's page. */
  embed: boolean;
}

/** low and high are scores at the two ends; reversed puts high on the left. */
export interface Scale {
  low: number;
  high: number;
  reversed: boolean;
}

/** What is under the pointer or the crosshair. scores: six, 0 to 10, null when missing. */
export type Hit =
  | { kind: "area"; code: string }
  | { kind: "cell"; z: number; x: number; y: number; n: number; scores: (number | null)[] }
  | { kind: "photo"; id: number; scores: (number | null)[] };

/** Points in Web Mercator, 0 to 1 from north-west; scores of attribute a of point i at
 * [a * length + i], 0 to 1000, -1 when missing. */
export interface Points {
  length: number;
  id: Float64Array;
  x: Float64Array;
  y: Float64Array;
  scores: Int16Array;
}

/** One decoded vector tile. col and row: 0 to 31 within the tile; scores as in Points. */
export interface Tile {
  cells: {
    length: number;
    col: Uint8Array;
    row: Uint8Array;
    n: Uint32Array;
    scores: Int16Array;
  } | null;
  /** null when the tile is too full to hold its photos. */
  photos: Points | null;
}
