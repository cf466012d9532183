// One state, those who listen to it, and the browser's history.

/**
 * @template {object} State
 */
export class Store {
  /** @param {State} initial @param {(state: State) => string} url the address of a state */
  constructor(initial, url) {
    this.state = initial;
    this.url = url;
    /** @type {((state: State, before: State) => void)[]} */
    this.listeners = [];
  }

  /**
   * "push" makes a step for the back button, "replace" only mends the address.
   * @param {Partial<State>} changes @param {"push" | "replace"} [how]
   */
  set(changes, how = "push") {
    const before = this.state;
    this.state = { ...before, ...changes };
    const address = this.url(this.state);
    if (address !== location.pathname + location.search) {
      if (how === "push") history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    }
    this.tell(before);
  }

  /** Takes over a state that came from the address itself. @param {State} state */
  restore(state) {
    const before = this.state;
    this.state = state;
    this.tell(before);
  }

  /** @param {State} before */
  tell(before) {
    for (const listener of this.listeners) listener(this.state, before);
  }

  /** @param {(state: State, before: State) => void} listener */
  subscribe(listener) {
    this.listeners.push(listener);
  }
}
