// Areas of a small layer as shapes that can be coloured, hovered, focused and named.

import L from "leaflet";
import polylabel from "polylabel";
import { latitude, longitude, mercatorX, mercatorY } from "../geometry.js";

/** @import {AreaHandlers, AreaLook} from "./areas.js" */

/** Beyond this many areas Tab would take too long; search, table and crosshair reach them. */
const TAB_STOPS = 120;
const LABEL_PX = 12;
const LOOK = { className: "area", pane: "areas", weight: 1, smoothFactor: 0.6 };

/** The place inside a shape that is farthest from its edge, and the widths for a label. @param {GeoJSON.Geometry} geometry */
function labelPlace(geometry) {
  const polygons =
    geometry.type === "MultiPolygon"
      ? geometry.coordinates
      : geometry.type === "Polygon"
        ? [geometry.coordinates]
        : [];
  /** @type {{ lat: number, lon: number, reach: number } | null} */
  let best = null;
  for (const rings of polygons) {
    const flat = rings.map((ring) => ring.map((p) => [mercatorX(p[0] ?? 0), mercatorY(p[1] ?? 0)]));
    const place = polylabel(flat, 1e-6);
    if (!best || place.distance > best.reach) {
      best = { lat: latitude(place[1]), lon: longitude(place[0]), reach: place.distance };
    }
  }
  return best;
}

export class ShapeLayer {
  /** @param {L.Map} map @param {AreaHandlers} handlers */
  constructor(map, handlers) {
    this.map = map;
    this.handlers = handlers;
    /** @type {Map<string, { shape: L.Polygon, name: string, place: ReturnType<typeof labelPlace>, dark: boolean, muted: boolean }>} */
    this.areas = new Map();
    this.layer = L.featureGroup();
    this.layer.addTo(map);
    this.labels = L.layerGroup([], { pane: "labels" }).addTo(map);
    this.selected = L.layerGroup([], { pane: "outline" }).addTo(map);
    this.hovered = L.layerGroup([], { pane: "outline" }).addTo(map);
    this.interactive = true;
    map.on("zoomend moveend", () => this.placeLabels());
  }

  /** @param {GeoJSON.FeatureCollection} collection properties: code and name @param {(a: string, b: string) => number} compare */
  setShapes(collection, compare) {
    this.layer.clearLayers();
    this.areas.clear();
    const name = (/** @type {GeoJSON.Feature} */ f) => String(f.properties?.name ?? "");
    const features = [...collection.features].sort((a, b) => compare(name(a), name(b)));
    for (const feature of features) {
      const shape = /** @type {L.Polygon} */ (L.GeoJSON.geometryToLayer(feature));
      Object.assign(shape.options, LOOK);
      this.layer.addLayer(shape);
      const code = String(feature.properties?.code);
      const place = labelPlace(feature.geometry);
      this.areas.set(code, { shape, name: name(feature), place, dark: false, muted: true });
      this.listen(code, shape, features.length <= TAB_STOPS);
    }
    this.setInteractive(this.interactive);
  }

  /** @param {string} code @param {L.Polygon} shape @param {boolean} tabStop */
  listen(code, shape, tabStop) {
    const { onHover, onPick } = this.handlers;
    shape.on(
      "mousemove",
      (e) => this.interactive && onHover(code, { latlng: e.latlng, focus: false }),
    );
    shape.on("mouseout", () => this.interactive && onHover(null, null));
    shape.on("click", (e) => {
      if (!this.interactive) return;
      L.DomEvent.stop(e);
      onPick(code);
    });
    const path = shape.getElement();
    if (!path) return;
    path.setAttribute("role", "button");
    path.setAttribute("data-code", code);
    path.setAttribute("data-tab", tabStop ? "0" : "-1");
    path.addEventListener("focus", () => {
      if (!path.matches(":focus-visible")) return;
      const place = this.placeOf(code);
      if (place) {
        this.map.panInside(place, { padding: [60, 60] });
        onHover(code, { latlng: place, focus: true });
      }
    });
    path.addEventListener("blur", () => onHover(null, null));
    path.addEventListener("keydown", (event) => {
      const { key } = /** @type {KeyboardEvent} */ (event);
      if (key !== "Enter" && key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      onPick(code);
    });
  }

  clear() {
    this.setShapes({ type: "FeatureCollection", features: [] }, () => 0);
    this.selected.clearLayers();
    this.hovered.clearLayers();
    this.placeLabels();
  }

  /** @param {(code: string) => AreaLook} lookOf */
  paint(lookOf) {
    for (const [code, area] of this.areas) {
      const look = lookOf(code);
      area.dark = look.dark;
      area.muted = look.fill === null;
      const path = area.shape.getElement();
      if (!path) continue;
      path.setAttribute(
        "fill",
        look.fill === "hatch" ? "url(#hatch)" : (look.fill ?? "transparent"),
      );
      path.setAttribute("class", `area leaflet-interactive${look.fill ? "" : " area-empty"}`);
      path.setAttribute("aria-label", look.text);
    }
    this.placeLabels();
  }

  /** Outlines alone, without names, pointer or focus, while something else is coloured. @param {boolean} interactive */
  setInteractive(interactive) {
    this.interactive = interactive;
    this.map.getPane("areas")?.classList.toggle("passive", !interactive);
    for (const { shape } of this.areas.values()) {
      const path = shape.getElement();
      path?.setAttribute("tabindex", interactive ? (path.getAttribute("data-tab") ?? "-1") : "-1");
      path?.setAttribute("aria-hidden", String(!interactive));
    }
    if (!interactive) this.highlight(null);
  }

  /** @param {string} code */
  placeOf(code) {
    const place = this.areas.get(code)?.place;
    return place ? L.latLng(place.lat, place.lon) : null;
  }

  /** @param {string | null} code */
  select(code) {
    this.outline(this.selected, code, "outline-selected");
  }

  /** @param {string | null} code */
  highlight(code) {
    this.outline(this.hovered, code, "outline-hovered");
  }

  /** Gives the keyboard back to an area. @param {string} code */
  focus(code) {
    const path = this.areas.get(code)?.shape.getElement();
    if (path instanceof SVGElement) path.focus({ preventScroll: true });
  }

  /** @param {L.LayerGroup} group @param {string | null} code @param {string} className */
  outline(group, code, className) {
    group.clearLayers();
    const shape = code === null ? null : this.areas.get(code)?.shape;
    if (!shape) return;
    for (const part of ["casing", "line"]) {
      L.polygon(/** @type {L.LatLng[][]} */ (shape.getLatLngs()), {
        pane: "outline",
        interactive: false,
        className: `${className} outline-${part}`,
        fill: false,
        smoothFactor: 0.6,
      }).addTo(group);
    }
  }

  /** Names the areas that have room for it, the roomiest first, and never one over another. */
  placeLabels() {
    this.labels.clearLayers();
    if (this.areas.size === 0) return;
    const scale = 256 * 2 ** this.map.getZoom();
    const size = this.map.getSize();
    const roomiest = [...this.areas.values()]
      .filter((a) => a.place)
      .sort((a, b) => (b.place?.reach ?? 0) - (a.place?.reach ?? 0));
    /** @type {{ left: number, right: number, top: number, bottom: number }[]} */
    const taken = [];
    for (const { name, place, dark, muted } of roomiest) {
      if (!place) continue;
      const at = this.map.latLngToContainerPoint([place.lat, place.lon]);
      const words = name.split(" ").length > 2 ? 2 : 1;
      const width = (name.length * LABEL_PX * 0.56) / words;
      const height = LABEL_PX * 1.2 * words;
      const box = {
        left: at.x - width / 2 - 3,
        right: at.x + width / 2 + 3,
        top: at.y - height / 2 - 2,
        bottom: at.y + height / 2 + 2,
      };
      const visible = box.right > 0 && box.left < size.x && box.bottom > 0 && box.top < size.y;
      const roomy = width < place.reach * scale * 2.6;
      const free = taken.every(
        (t) => box.left > t.right || box.right < t.left || box.top > t.bottom || box.bottom < t.top,
      );
      if (!visible || !roomy || !free) continue;
      taken.push(box);
      this.addLabel(
        name,
        place,
        muted ? "muted" : this.interactive && dark ? "on-dark" : "on-light",
      );
    }
  }

  /** @param {string} name @param {{ lat: number, lon: number }} place @param {string} tone */
  addLabel(name, { lat, lon }, tone) {
    const text = document.createElement("span");
    text.textContent = name;
    L.marker([lat, lon], {
      pane: "labels",
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: `area-label ${tone}`, html: text, iconSize: [0, 0] }),
    }).addTo(this.labels);
  }
}
