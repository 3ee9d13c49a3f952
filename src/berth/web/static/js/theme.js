/** Light, dark, or as the system has it. This choice is all that is kept beyond the tab. */

import { fill, h } from "./dom.js";

const KEY = "berth-theme";
const CHOICES = ["auto", "light", "dark"];

/** Make a button go through the choices. */
export function setUp(button) {
  show(button, stored());
  button.addEventListener("click", () => {
    const next = CHOICES[(CHOICES.indexOf(stored()) + 1) % CHOICES.length];
    localStorage.setItem(KEY, next);
    show(button, next);
  });
}

function stored() {
  const choice = localStorage.getItem(KEY);
  return CHOICES.includes(choice) ? choice : "auto";
}

function show(button, choice) {
  document.documentElement.dataset.theme = choice;
  const word = choice === "auto" ? "system" : choice;
  button.setAttribute("aria-label", `Theme: ${word}`);
  fill(button, h("span", { class: "wide" }, "Theme: "), word);
  document.dispatchEvent(new CustomEvent("theme"));
}
