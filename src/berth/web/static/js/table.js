/** Tables, and what is said where there is nothing to show. */

import { fresh, h } from "./dom.js";
import { saveButton, sortable } from "./sort.js";

/**
 * @typedef {{label: string, cell: (row: any) => import("./dom.js").Child, numeric?: boolean, head?: boolean,
 *   roomy?: boolean, act?: boolean, order?: {up?: Record<string, string>, down?: Record<string, string>}}} Column
 * head: its cells name the row; roomy: it is left out on a phone; act: it has buttons, which stay in sight there; order: the
 * parameters with which the server sorts by it
 */

/**
 * A table in a box of its own, which scrolls where it is too wide.
 * @param {{caption: string, columns: Column[], rows: any[], hidden?: boolean, saved?: boolean | (() => any[][]), sorted?: boolean,
 *   list?: import("./growing.js").Growing | null}} of
 * hidden: the caption is for ears only; saved: whether there is a button for a CSV file of it, or what gives its lines; sorted: whether headers
 * sort it; list: of which it shows a part, which is then sorted and saved as a whole
 */
export function table({ caption, columns, rows, hidden = false, saved = !hidden, sorted = true, list = null }) {
  const id = fresh("caption");
  const element = h(
    "table",
    {},
    h("caption", { class: hidden ? "unseen" : null }, h("span", { id }, caption), saved ? saveButton(columns, list, saved) : null),
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: kind(column) }, column.label)))),
    h("tbody", {}, rows.map((row) => tr(columns, row))),
  );
  if (sorted && rows.length > 1) sortable(element, columns, list);
  return h("div", { class: "scroll", role: "region", "aria-labelledby": id, tabindex: "0" }, element);
}

/** One row of a table with these columns. */
export function tr(columns, row) {
  return h(
    "tr",
    {},
    columns.map((column) =>
      h(column.head ? "th" : "td", { class: kind(column), scope: column.head ? "row" : null }, column.cell(row)),
    ),
  );
}

const kind = (column) => ["numeric", "roomy", "act"].map((name) => (column[name] ? name : "")).filter(Boolean).join(" ") || null;

/** Terms and what they are. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.filter(Boolean).map(([term, ...said]) => h("div", {}, h("dt", {}, term), h("dd", {}, said))),
  );
}

/** What is said where there is nothing to show. */
export function empty(title, ...said) {
  return h("div", { class: "empty" }, h("p", { class: "title" }, title), said.map((each) => h("p", {}, each)));
}
