// What can be taken away from the map: files of the whole city, and the address of what is seen.

import { element } from "../dom.js";

/** @import {Words} from "../words.js" */

/** @type {[string, string][]} */
const FILES = [
  ["/exports/overview.png", "take.png"],
  ["/exports/overview.svg", "take.svg"],
  ["/exports/map.html", "take.map"],
];

/**
 * Entries of the list of tools.
 * @param {Words} words @param {string | null} release as in the page's address, null for the active
 * @param {(text: string) => void} say
 * @param {() => Promise<void>} saveImage
 */
export function takeAway(words, release, say, saveImage) {
  const links = FILES.map(([path, label]) => {
    const query = new URLSearchParams({ lang: words.lang });
    if (release) query.set("release", release);
    return element(
      "a",
      { href: `${path}?${query}`, download: "" },
      element("span", { class: "tool-icon tool-file", "aria-hidden": "true" }),
      words.t(label),
    );
  });
  const share = element("button", { type: "button" }, [
    element("span", { class: "tool-icon tool-link", "aria-hidden": "true" }),
    words.t("take.link"),
  ]);
  share.addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(location.href).then(
      () => true,
      () => false,
    );
    say(words.t(done ? "take.copied" : "panel.copy_failed"));
    share.lastChild?.replaceWith(words.t(done ? "take.copied" : "panel.copy_failed"));
    setTimeout(() => share.lastChild?.replaceWith(words.t("take.link")), 2000);
  });
  const image = element("button", { type: "button" }, [
    element("span", { class: "tool-icon tool-file", "aria-hidden": "true" }),
    words.t("take.image"),
  ]);
  image.addEventListener("click", async () => {
    image.setAttribute("aria-busy", "true");
    const done = await saveImage().then(
      () => "take.saved",
      () => "take.failed",
    );
    image.removeAttribute("aria-busy");
    say(words.t(done));
  });
  return [image, ...links, share].map((entry, at) =>
    element("li", { class: at === 0 ? "tools-next" : "" }, entry),
  );
}
