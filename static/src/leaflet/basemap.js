// The ground under the data: raster tiles where they can be had, else plain.

import L from "leaflet";

const FAILURES_ALLOWED = 4;

/** Whether one tile can be had; asked once, so that a machine without network asks no more. @param {string} url @returns {Promise<boolean>} */
function reachable(url) {
  return new Promise((resolve) => {
    const probe = new Image();
    probe.onload = () => resolve(true);
    probe.onerror = () => resolve(false);
    probe.src = url;
  });
}

/**
 * @param {L.Map} map
 * @param {{ url: string, attribution: string }} basemap
 * @param {(shown: boolean) => void} onChange
 */
export async function addBasemap(map, { url, attribution }, onChange) {
  if (!url) return;
  const zoom = Math.max(1, Math.round(map.getZoom()));
  const { x, y } = map.project(map.getCenter(), zoom).divideBy(256).floor();
  if (!(await reachable(L.Util.template(url, { s: "a", r: "", z: zoom, x, y })))) return;
  const layer = L.tileLayer(url, {
    attribution,
    pane: "ground",
    className: "ground",
    maxNativeZoom: 19,
    maxZoom: 22,
  });
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
