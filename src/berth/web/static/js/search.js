/** The search in the header, which a slash leads to from anywhere. */

import { go, here, href } from "./router.js";

const form = document.getElementById("search");
const input = form.elements.q;
const WRITTEN_IN = "input, select, textarea, [contenteditable]";

/** Whether it is there: for who is signed in. */
export function showSearch(shown) {
  form.hidden = !shown;
  input.value = "";
}

/** Let it lead to what is searched for, and the slash to it. */
export function setUpSearch() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const q = input.value.trim();
    if (q) go(href("search", "", { q, at: here().page === "search" ? Date.now() : null }));
    input.value = "";
  });
  document.addEventListener("keydown", (event) => {
    const elsewhere = event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(WRITTEN_IN) || document.querySelector("dialog[open]");
    if (event.key !== "/" || elsewhere || form.hidden) return;
    event.preventDefault();
    input.focus();
  });
}
