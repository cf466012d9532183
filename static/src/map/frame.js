// What the floating parts leave of the map, and where it stands when the page opens.

import { byId } from "../dom.js";

/** @import {Padding} from "../leaflet/framing.js" */
/** @import {MapView} from "../leaflet/view.js" */
/** @import {View} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */
/** @import {Painter} from "./painter.js" */
/** @import {Sheet} from "./sheet.js" */

/** Degrees within which the map counts as unmoved. */
const STILL_DEG = 1e-4;
/** Less room than this beside the card is not worth fitting a city into. */
const NARROW_PX = 260;

/** Of two maps each has its own part of the window. */
const BESIDE = { left: 12, top: 12, right: 12, bottom: 12 };

export class Frame {
  /** @param {Desk} desk @param {MapView} view @param {Painter} painter @param {Sheet} sheet */
  constructor(desk, view, painter, sheet) {
    this.desk = desk;
    this.view = view;
    this.painter = painter;
    this.sheet = sheet;
    /** Where the map stood when it was fitted to the city. @type {View | null} */
    this.home = null;
  }

  /** What is covered on each side of the map, by the panel too unless it is left out. @returns {Padding} */
  padding(withPanel = true) {
    const map = byId("map").getBoundingClientRect();
    if (this.desk.state.beside) return BESIDE;
    const card = byId("card").getBoundingClientRect();
    if (this.sheet.phone.matches) {
      return { left: 12, right: 12, top: card.bottom + 8, bottom: this.sheet.height() + 8 };
    }
    const panel = byId("panel");
    const covered =
      panel.hidden || !withPanel ? 16 : map.right - panel.getBoundingClientRect().left;
    const narrow = map.width - card.right - covered < NARROW_PX;
    return { left: narrow ? 16 : card.right + 12, top: 16, right: covered + 12, bottom: 24 };
  }

  /** The map has another size: what it shows is the same, or the city if it was that. */
  refit() {
    const wasHome = this.desk.state.view === null;
    const card = byId("card").getBoundingClientRect();
    byId("main").style.setProperty("--card-bottom", `${Math.round(card.bottom)}px`);
    this.view.resize();
    if (wasHome) this.goHome();
  }

  goHome() {
    const { release } = this.desk;
    const box = release ? (release.city?.bbox ?? release.bounds) : this.painter.layerBox;
    if (box) this.view.fit(box, this.padding(false));
    this.home = this.view.view();
  }

  /** Whether the map stands as it was fitted to the city. @param {View} view */
  isHome(view) {
    const { home } = this;
    return (
      home !== null &&
      view.zoom === home.zoom &&
      Math.abs(view.lat - home.lat) < STILL_DEG &&
      Math.abs(view.lon - home.lon) < STILL_DEG
    );
  }
}
