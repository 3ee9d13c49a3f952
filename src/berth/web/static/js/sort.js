/** Tables sorted by a click on a header, and saved as CSV: what is shown, in the order in which it is shown. */

import { announce, h } from "./dom.js";
import { csv, download } from "./download.js";

const UNITS = { K: 1e3, M: 1e6, B: 1e9, MiB: 1, GiB: 2 ** 10, TiB: 2 ** 20, PiB: 2 ** 30, EiB: 2 ** 40, GB: 1, TB: 1e3, PB: 1e6, EB: 1e9 };

/** How each table was sorted last, so that it stays so when it is drawn anew. */
const chosen = new Map();

/** Let a table be sorted by its headers. labels: of its columns. */
export function sortable(table, labels) {
  const key = `${location.hash.split("?")[0]}|${labels.join("|")}`;
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, at) => {
    if (!labels[at]) return;
    const clicked = () => {
      const { column, down } = chosen.get(key) ?? {};
      chosen.set(key, { column: at, down: column === at && !down });
      sort(table, chosen.get(key));
      announce(`Sorted by ${labels[at]}, ${chosen.get(key).down ? "descending" : "ascending"}`);
    };
    header.replaceChildren(h("button", { type: "button", class: "sort", "data-key": `sort-${key}-${at}`, on: { click: clicked } }, labels[at]));
  });
  if (chosen.has(key)) sort(table, chosen.get(key));
}

function sort(table, { column, down }) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row.cells[column]) }));
  rows.sort((one, other) => compared(one.value, other.value) * (down ? -1 : 1));
  body.append(...rows.map(({ row }) => row));
  [...table.tHead.rows[0].cells].forEach((header, at) => {
    if (at === column) header.setAttribute("aria-sort", down ? "descending" : "ascending");
    else header.removeAttribute("aria-sort");
  });
}

/** What a cell is sorted by: a time, how full a bar is, a number with its unit, or its text. */
function valueOf(cell) {
  const time = cell.querySelector("time");
  if (time) return Date.parse(time.dateTime);
  const left = cell.querySelector("[data-until]");
  if (left) return Number(left.dataset.until);
  const bar = cell.querySelector("[role=meter]");
  const text = (bar ? cell.querySelector(".percent").textContent : cell.textContent).trim();
  const [whole, digits, unit] = /^[<>−-]?([\d,]*\.?\d+)\s?([KMB]\b|[KMGTPE]i?B\b)?/.exec(text) ?? [];
  return whole ? Number(digits.replaceAll(",", "")) * (UNITS[unit] ?? 1) : text.toLowerCase();
}

/** Numbers before texts, and what is empty at the end. */
function compared(one, other) {
  if (one === "" || other === "") return (one === "") - (other === "");
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
}

/** A button that saves what a table shows. */
export function saveButton(labels) {
  const clicked = (event) => {
    const rows = [...event.target.closest("table").tBodies[0].rows].map((row) => [...row.cells].map(textOf));
    download("berth.csv", "text/csv;charset=utf-8", csv(labels, rows));
  };
  return h("button", { type: "button", class: "slight save", title: "Save the rows that are shown as CSV", on: { click: clicked } }, "CSV");
}

const textOf = (cell) => cell.innerText.trim().replace(/\s*\n\s*/g, "; ");
