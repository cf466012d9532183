// The ground under the data: raster tiles or a PMTiles file where they can be had, else plain.

import L from "leaflet";

const FAILURES_ALLOWED = 4;
const LOOKS = { pane: "ground", className: "ground", maxZoom: 22 };

/** Whether one tile can be had; asked once, so that a machine without network asks no more. @param {string} url @returns {Promise<boolean>} */
function reachable(url) {
  return new Promise((resolve) => {
    const probe = new Image();
    probe.onload = () => resolve(true);
    probe.onerror = () => resolve(false);
    probe.src = url;
  });
}

/** @param {L.Map} map @param {{ url: string, attribution: string }} basemap @returns {Promise<L.GridLayer | null>} */
async function rasterLayer(map, { url, attribution }) {
  const zoom = Math.max(1, Math.round(map.getZoom()));
  const { x, y } = map.project(map.getCenter(), zoom).divideBy(256).floor();
  if (!(await reachable(L.Util.template(url, { s: "a", r: "", z: zoom, x, y })))) return null;
  return L.tileLayer(url, { ...LOOKS, attribution, maxNativeZoom: 19 });
}

/** @param {{ url: string, attribution: string }} basemap @returns {Promise<L.GridLayer | null>} */
async function fileLayer({ url, attribution }) {
  try {
    const { archiveLayer } = await import("./archive.js");
    return await archiveLayer(url, attribution, LOOKS);
  } catch (error) {
    console.warn("The base map's file cannot be read.", error);
    return null;
  }
}

/**
 * Shows the base map if it can be had: nothing waits for it, and the map is whole without it.
 * @param {L.Map} map
 * @param {{ url: string, attribution: string }} basemap
 * @param {(shown: boolean) => void} onChange
 */
export async function addBasemap(map, basemap, onChange) {
  if (!basemap.url) return;
  const isFile = basemap.url.endsWith(".pmtiles");
  const layer = isFile ? await fileLayer(basemap) : await rasterLayer(map, basemap);
  // A small map may be closed again by now; it has no panes then.
  if (!layer || !map.getPane("ground")?.isConnected) return;
  let failures = 0;
  layer.on("tileload", () => {
    failures = 0;
  });
  layer.on("tileerror", () => {
    failures += 1;
    if (failures >= FAILURES_ALLOWED && map.hasLayer(layer)) {
      layer.remove();
      onChange(false);
    }
  });
  layer.addTo(map);
  onChange(true);
}
