// Which kind of map is shown, and with which scale.

import { scaleOf } from "../scale.js";

/** @import {Attribute, Layer, Release} from "../types.d.ts" */

/** @typedef {{ kind: "areas", layer: string } | { kind: "cells" } | { kind: "photos" }} Colouring */

const CELLS_FROM_ZOOM = 13;
/** From here on a tile holds its photos, but in the densest of cities. */
const PHOTOS_FROM_ZOOM = 17;
/** With fewer photos than these, squares of 8 px, or of 16, would hold one or two each. */
const COARSER_BELOW = [60_000, 12_000];
const DEFAULT_SPREAD = 2.5;

/**
 * What the user chose, or what suits the zoom as long as nothing was chosen.
 * @param {string} mode "auto", a layer's key, "cells" or "photos"
 * @param {number} zoom
 * @param {Layer[]} layers
 * @returns {Colouring}
 */
export function colouringOf(mode, zoom, layers) {
  const areas = layers.filter((l) => !l.city);
  const chosen = areas.find((l) => l.key === mode);
  if (chosen) return { kind: "areas", layer: chosen.key };
  if (mode === "cells" || mode === "photos") return { kind: mode };
  if (zoom >= PHOTOS_FROM_ZOOM) return { kind: "photos" };
  const first = areas[0];
  return first && zoom < CELLS_FROM_ZOOM ? { kind: "areas", layer: first.key } : { kind: "cells" };
}

/** The mode that a colouring goes by in the switch. @param {Colouring} colouring */
export function modeOf(colouring) {
  return colouring.kind === "areas" ? colouring.layer : colouring.kind;
}

/** How often the squares' side of 8 px is doubled. @param {Release | null} release */
export function coarsenessOf(release) {
  const photos = release?.photos ?? 0;
  return COARSER_BELOW.filter((limit) => photos < limit).length;
}

/**
 * d of the scale 5 ± d; null for photos, which use the whole scale.
 * @param {Colouring} colouring @param {Release | null} release
 */
export function spreadOf(colouring, release) {
  if (colouring.kind === "photos") return null;
  const spread = release?.spread;
  const d = colouring.kind === "cells" ? spread?.cells : spread?.layers[colouring.layer];
  return d ?? DEFAULT_SPREAD;
}

/** @param {Colouring} colouring @param {Release | null} release @param {Attribute} attribute */
export function scaleFor(colouring, release, attribute) {
  return scaleOf(attribute, spreadOf(colouring, release));
}
