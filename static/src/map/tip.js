// The one-line tip beside the pointer, and the same line for who listens.

/** Keeps a tip inside the map. */
const EDGE_PX = 8;
const SPEAK_AFTER_MS = 250;

export class Tip {
  /** @param {HTMLElement} map @param {HTMLElement} live */
  constructor(map, live) {
    this.live = live;
    this.node = document.createElement("div");
    this.node.className = "tip";
    this.node.hidden = true;
    this.node.setAttribute("aria-hidden", "true");
    map.append(this.node);
    this.timer = 0;
  }

  /** @param {string | null} text @param {{ x: number, y: number } | null} at in the map's pixels */
  show(text, at) {
    this.node.hidden = text === null || at === null;
    if (text === null || at === null) return;
    this.node.textContent = text;
    const { clientWidth, clientHeight } = /** @type {HTMLElement} */ (this.node.parentElement);
    const { offsetWidth, offsetHeight } = this.node;
    const left = Math.min(
      clientWidth - offsetWidth - EDGE_PX,
      Math.max(EDGE_PX, at.x - offsetWidth / 2),
    );
    const above = at.y - offsetHeight - 14;
    const top =
      above > EDGE_PX ? above : Math.min(clientHeight - offsetHeight - EDGE_PX, at.y + 22);
    this.node.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /** Said once the user rests on something, so that moving on is not a flood. @param {string} text */
  say(text) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.live.textContent = text;
    }, SPEAK_AFTER_MS);
  }
}
