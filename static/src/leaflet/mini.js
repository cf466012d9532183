// The small map beside a photo: where it was taken, and which way it looks.

import L from "leaflet";
import { addBasemap } from "./basemap.js";

const STREET_ZOOM = 15;
const CONE = "M0 0L-13 -30A33 33 0 0 1 13 -30Z";

/** @param {number | null} heading_deg */
function arrow(heading_deg) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "-36 -36 72 72");
  if (heading_deg !== null) {
    const cone = document.createElementNS(namespace, "path");
    cone.setAttribute("d", CONE);
    cone.setAttribute("transform", `rotate(${heading_deg})`);
    cone.setAttribute("class", "mini-cone");
    svg.append(cone);
  }
  const dot = document.createElementNS(namespace, "circle");
  dot.setAttribute("r", "6");
  dot.setAttribute("class", "mini-dot");
  svg.append(dot);
  return /** @type {HTMLElement} */ (/** @type {unknown} */ (svg));
}

/**
 * @param {HTMLElement} container empty, in the document, with a size
 * @param {{ lat: number, lon: number, heading_deg: number | null }} photo
 * @param {{ shapes: GeoJSON.FeatureCollection | null, code: string | null, basemap: { url: string, attribution: string } }} around
 * @returns {() => void} takes the map away again
 */
export function miniMap(container, photo, { shapes, code, basemap }) {
  const map = L.map(container, {
    zoomControl: false,
    attributionControl: false,
    dragging: false,
    keyboard: false,
    scrollWheelZoom: false,
    doubleClickZoom: false,
    boxZoom: false,
    touchZoom: false,
    zoomAnimation: false,
    fadeAnimation: false,
    zoomSnap: 0,
  });
  map.createPane("ground").style.zIndex = "200";
  map.setView([photo.lat, photo.lon], STREET_ZOOM);
  const outlines = L.geoJSON(shapes ?? undefined, {
    interactive: false,
    style: (feature) => ({
      className: feature?.properties?.code === code ? "mini-area mini-own" : "mini-area",
      weight: 1,
    }),
  }).addTo(map);
  const own = outlines
    .getLayers()
    .find((layer) => /** @type {any} */ (layer).feature?.properties?.code === code);
  if (own) map.fitBounds(/** @type {L.Polygon} */ (own).getBounds(), { padding: [36, 36] });
  L.marker([photo.lat, photo.lon], {
    interactive: false,
    keyboard: false,
    icon: L.divIcon({
      className: "mini-place",
      html: arrow(photo.heading_deg),
      iconSize: [72, 72],
    }),
  }).addTo(map);
  addBasemap(map, basemap, (shown) => {
    if (shown && container.isConnected)
      map.setView([photo.lat, photo.lon], STREET_ZOOM, { animate: false });
  });
  return () => map.remove();
}
