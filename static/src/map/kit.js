// What is in «Herramientas», and what each of its parts does when the state changes.

import { byId } from "../dom.js";
import { Beside } from "./beside.js";
import { Difference, ReleaseNames } from "./difference.js";
import { saveImage } from "./plate.js";
import { Ranges } from "./ranges.js";
import { Tools } from "./tools.js";

/** @import {MapView} from "../leaflet/view.js" */
/** @import {MapState} from "../types.d.ts" */
/** @import {Desk} from "./desk.js" */
/** @import {Frame} from "./frame.js" */
/** @import {Key} from "./key.js" */
/** @import {Selection} from "./selection.js" */
/** @import {Tip} from "./tip.js" */

/**
 * @typedef {object} KitParts
 * @property {Desk} desk
 * @property {MapView} view
 * @property {Key} key
 * @property {Frame} frame
 * @property {Selection} selection
 * @property {Tip} tip
 * @property {(error: Error) => void} onError
 */

export class Kit {
  /** @param {KitParts} parts */
  constructor({ desk, view, key, frame, selection, tip, onError }) {
    this.desk = desk;
    const words = () => desk.words;
    const names = new ReleaseNames(() => {
      this.difference.render();
      this.beside.render();
    }, onError);
    this.difference = new Difference(desk, names);
    this.ranges = new Ranges(desk);
    this.beside = new Beside(desk, {
      view,
      names,
      onPick: (hit) => selection.pick(hit),
      onHover: (hit, at) => selection.hover(hit, at, "pointer"),
      onLayout: () => frame.refit(),
      onError,
    });
    this.tools = new Tools({
      view,
      switches: () => [
        { label: words().t("tools.beside"), icon: "beside", tool: this.beside },
        { label: words().t("tools.difference"), icon: "difference", tool: this.difference },
        { label: words().t("tools.ranges"), icon: "ranges", tool: this.ranges },
      ],
      words,
      say: (text) => tip.say(text),
      releaseName: () => desk.state.release,
      saveImage: () => saveImage(desk, key, this.beside),
      onStart: () => selection.close(),
      onDrawn: (shape, byKeyboard) => selection.pickZone(shape, byKeyboard),
    });
  }

  translate() {
    this.tools.translate();
    this.difference.render();
    this.ranges.render();
    this.leadOut();
  }

  /** @param {MapState} state @param {MapState} before */
  changed(state, before) {
    const isOther = state.attribute !== before.attribute || state.against !== before.against;
    if (isOther) this.difference.render();
    if (state.only !== before.only) this.ranges.render();
    if (state.against !== before.against || state.beside !== before.beside) this.tools.renderList();
    if (state.beside || before.beside) this.beside.show();
    this.leadOut();
  }

  /** Inside of another site's page: the way to the same map in a window of its own. */
  leadOut() {
    const { state } = this.desk;
    document.body.classList.toggle("is-embedded", state.embed);
    const out = /** @type {HTMLAnchorElement} */ (byId("way-out"));
    out.hidden = !state.embed;
    out.href = this.desk.address({ ...state, embed: false });
  }

  /** What Escape ends, once nothing is chosen on the map any more. @param {() => boolean} closeSelection */
  escape(closeSelection) {
    if (this.ranges.isOn) this.ranges.toggle();
    else if (closeSelection()) return;
    else if (this.beside.isOn) this.beside.toggle();
    else if (this.difference.isOn) this.difference.toggle();
  }
}
