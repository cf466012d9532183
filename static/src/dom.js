// Elements from data. No markup is ever parsed from a string, so no text can become markup.

/** @typedef {Node | string | number | null | false | undefined} Child */

/**
 * Props that start with "on" listen, "style" sets CSS properties one by one (a style attribute
 * would be refused by the page's security policy), true writes an empty attribute.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  apply(node, props);
  append(node, children);
  return node;
}

/**
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function drawing(tag, props = {}, ...children) {
  const node = /** @type {SVGElement} */ (
    document.createElementNS("http://www.w3.org/2000/svg", tag)
  );
  apply(node, props);
  append(node, children);
  return node;
}

/** @param {HTMLElement | SVGElement} node @param {Record<string, any>} props */
function apply(node, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") setStyle(node, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
}

/** @param {HTMLElement | SVGElement} node @param {Record<string, string>} style */
function setStyle(node, style) {
  for (const [property, value] of Object.entries(style)) node.style.setProperty(property, value);
}

/** @param {Element} node @param {(Child | Child[])[]} children */
function append(node, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false)
      node.append(/** @type {Node | string} */ (child));
  }
}

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`The page has no #${id}`);
  return node;
}

/** Holds the focus where it was while `draw` builds a part anew. Parts mark what can hold it with data-focus. @param {HTMLElement} root @param {() => void} draw */
export function keepFocus(root, draw) {
  const active = document.activeElement;
  const key =
    active instanceof HTMLElement && root.contains(active) ? active.dataset.focus : undefined;
  draw();
  if (key !== undefined) {
    const again = root.querySelector(`[data-focus="${CSS.escape(key)}"]`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
}
