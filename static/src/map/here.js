// A place that is gone to and marked: where the browser says it is, or what was searched for.

/** @import {MapView} from "../leaflet/view.js" */
/** @import {Words} from "../words.js" */
/** @import {Sheet} from "./sheet.js" */
/** @import {Status} from "./status.js" */
/** @import {Tip} from "./tip.js" */

const PLACE_ZOOM = 15;

/** @param {{ view: MapView, sheet: Sheet }} parts @param {{ lat: number, lon: number }} place */
export function goTo({ view, sheet }, { lat, lon }) {
  sheet.giveWay();
  view.markPlace(lat, lon);
  view.go({ lat, lon, zoom: PLACE_ZOOM });
}

/**
 * «Mi ubicación»: nobody keeps it.
 * @param {{ view: MapView, sheet: Sheet, tip: Tip, status: Status, desk: { words: Words } }} parts
 */
export function locate(parts) {
  navigator.geolocation.getCurrentPosition(
    ({ coords: { latitude: lat, longitude: lon } }) => {
      goTo(parts, { lat, lon });
      parts.tip.say(parts.desk.words.t("locate.here"));
    },
    () => parts.status.setNotice(parts.desk.words.t("locate.denied")),
  );
}
