/** Buttons that copy a text. */

import { announce, h } from "./dom.js";

const SAID_MS = 3000;

/** A button that copies a text. what: what the text is; beside: an element that has it, selected where copying is not allowed. */
export function copyButton(text, what, beside = null) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(beside ?? button.previousElementSibling ?? button);
      button.textContent = "Selected: copy it now";
    }
    announce(button.textContent);
    setTimeout(() => (button.textContent = "Copy"), SAID_MS);
  };
  const button = h("button", { type: "button", class: beside ? null : "slight", "aria-label": `Copy the ${what}`, on: { click: copy } }, "Copy");
  return button;
}
