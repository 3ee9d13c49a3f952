/** Tables sorted by a click on a header, and saved as CSV: always the whole, also where only a part of it is shown. */

import { announce, h } from "./dom.js";
import { csv, download, line } from "./download.js";
import { MOST_SORTED, textOf } from "./growing.js";
import { number } from "./format.js";

const UNITS = { K: 1e3, M: 1e6, B: 1e9, MiB: 1, GiB: 2 ** 10, TiB: 2 ** 20, PiB: 2 ** 30, EiB: 2 ** 40, GB: 1, TB: 1e3, PB: 1e6, EB: 1e9 };

/** In the order of their digits, as the server has them: not by the numbers that are in them. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/;

/** An amount, alone or before its class, or "of" what there is. */
const AMOUNT = /^[<>−-]?([\d,]*\.?\d+)%?\s?(?:([KMB]|[KMGTPE]i?B)\b)?(?=$|\s+of\b|\s*[A-Z][A-Z0-9_]*)/;

/** How each table was sorted last, so that it stays so when it is drawn again. */
const chosen = new Map();

/** Let a table be sorted by its headers: here if all of it is here or can be read, else by the server. */
export function sortable(table, columns, list) {
  const key = `${location.hash.split("?")[0]}|${columns[0].label}`;
  const headers = [...table.tHead.rows[0].cells];
  columns.forEach((column, at) => {
    if (!column.label) return;
    const ways = waysOf(column, list);
    if (ways.length === 0) {
      headers[at].title = `To sort by this, narrow the list to ${number(MOST_SORTED)} rows or fewer`;
      return;
    }
    const now = orderOf(column, list);
    if (now) headers[at].setAttribute("aria-sort", now);
    const clicked = () => sorted(table, columns, { key, column, list, ways });
    const of = { type: "button", class: "sort", "data-key": `sort-${key}-${column.label}` };
    headers[at].replaceChildren(h("button", { ...of, on: { click: clicked } }, column.label));
  });
  const before = chosen.get(key);
  if (before && before.given !== givenOf(list)) chosen.delete(key);
  if (!chosen.has(key)) return;
  if (list === null || list.whole) sort(table, columns, chosen.get(key));
  else chosen.delete(key);
}

/** The order that the list was asked in, as a text: another one is a later choice than a click on a header. */
const givenOf = (list) => JSON.stringify(list?.given() ?? {});

/** The directions in which a list can be sorted by a column, the usual one first. */
function waysOf({ order = {} }, list) {
  const served = list?.ordered ? Object.keys(order) : [];
  return list === null || list.sortable ? [...new Set([...served, "up", "down"])] : served;
}

/** The direction in which the server has sorted by a column; null if it is another one. */
function orderOf({ order = {} }, list) {
  if (list === null || list.whole) return null;
  const given = list.given();
  const way = Object.keys(order).find((each) => Object.entries(order[each]).every(([name, value]) => (given[name] ?? "") === value));
  return way ? WORDS[way] : null;
}

const WORDS = { up: "ascending", down: "descending" };

async function sorted(table, columns, { key, column, list, ways }) {
  const before = chosen.get(key);
  const is = before?.label === column.label ? (before.down ? "down" : "up") : Object.keys(WORDS).find((way) => WORDS[way] === orderOf(column, list));
  const way = ways.find((each) => each !== is) ?? ways[0];
  announce(`Sorted by ${column.label}, ${WORDS[way]}`);
  if (list !== null && !list.whole && column.order?.[way]) {
    list.ordered(column.order[way]);
    return;
  }
  chosen.set(key, { label: column.label, down: way === "down", given: givenOf(list) });
  if (list === null || list.whole) sort(table, columns, chosen.get(key));
  else await list.all();
}

function sort(table, columns, { label, down }) {
  const column = columns.findIndex((each) => each.label === label);
  if (column < 0) return;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row.cells[column]) }));
  rows.sort((one, other) => (one.value === "") - (other.value === "") || compared(one.value, other.value) * (down ? -1 : 1));
  body.append(...rows.map(({ row }) => row));
  [...table.tHead.rows[0].cells].forEach((header, at) => {
    if (at === column) header.setAttribute("aria-sort", down ? "descending" : "ascending");
    else header.removeAttribute("aria-sort");
  });
}

/** What a cell is sorted by: its value, a time, how full a bar is, an amount with its unit, or its text. */
function valueOf(cell) {
  const { value } = cell.dataset;
  if (value !== undefined) return /^-?\d+$/.test(value) ? Number(value) : value;
  const time = cell.querySelector("time");
  if (time) return Date.parse(time.dateTime);
  const left = cell.querySelector("[data-until]");
  if (left) return Number(left.dataset.until);
  const bar = cell.querySelector("[role=meter]");
  const text = (bar ? cell.querySelector(".percent").textContent : cell.textContent).trim();
  const [whole, digits, unit] = AMOUNT.exec(text) ?? [];
  return whole ? Number(digits.replaceAll(",", "")) * (UNITS[unit] ?? 1) : text.toLowerCase();
}

/** Numbers before texts. */
function compared(one, other) {
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: !UUID.test(one) });
}

/** A button that saves a table, or the whole list of which it shows a part. saved: if it is a function, it gives the lines. */
export function saveButton(columns, list, saved) {
  const clicked = (event) => {
    const name = `berth-${location.hash.split(/[/?]/)[1] || "table"}.csv`;
    if (list !== null && list.columns && !list.whole) {
      list.save(name);
      return;
    }
    if (typeof saved === "function") {
      download(name, "text/csv;charset=utf-8", saved().map(line));
      return;
    }
    const rows = [...event.target.parentNode.querySelector("table").tBodies[0].rows].map((row) => [...row.cells].map(textOf));
    download(name, "text/csv;charset=utf-8", [csv(columns.map((column) => column.label), rows)]);
  };
  const title = list !== null && list.columns ? "Save the whole list as CSV" : "Save the table as CSV";
  return h("button", { type: "button", class: "slight save", title, "data-key": "csv", on: { click: clicked } }, "CSV");
}
