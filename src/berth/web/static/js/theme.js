/** Light, dark, or as the system has it. This choice is all that is kept beyond the tab. */

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
  button.textContent = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" }[choice];
  document.dispatchEvent(new CustomEvent("theme"));
}
