// The switch «Comunas | Cuadrícula | Fotos»: radio buttons that look like one control.

import { element, keepFocus } from "../dom.js";

/**
 * @param {HTMLElement} root
 * @param {{ key: string, label: string }[]} modes
 * @param {string} current
 * @param {(key: string) => void} onChange
 */
export function renderModes(root, modes, current, onChange) {
  keepFocus(root, () => {
    root.replaceChildren(
      ...modes.map(({ key, label }) =>
        element(
          "label",
          { class: "segment" },
          element("input", {
            type: "radio",
            name: "mode",
            value: key,
            checked: key === current,
            "data-focus": key,
            onchange: () => onChange(key),
          }),
          element("span", {}, label),
        ),
      ),
    );
  });
}
