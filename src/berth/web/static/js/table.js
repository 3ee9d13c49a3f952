/** Tables, and what is said where there is nothing to show. */

import { fresh, h } from "./dom.js";
import { saveButton, sortable } from "./sort.js";

/**
 * @typedef {{label: string, cell: (row: any) => import("./dom.js").Child, numeric?: boolean, head?: boolean, value?: (row: any) => any,
 *   roomy?: boolean, act?: boolean, order?: {up?: Record<string, string>, down?: Record<string, string>}}} Column
 * head: its cells name the row; roomy: it is left out on a phone; act: it has buttons; value: what it is sorted by, if that is not what its
 * cells say; order: the parameters with which the server sorts by it
 */

/**
 * A table in a box of its own, which scrolls where it is too wide; on a phone each row is a list of its cells with their labels. Roles
 * are given because a browser forgets them where a row is drawn as something else.
 * @param {{caption: string, columns: Column[], rows: any[], hidden?: boolean, saved?: boolean | (() => any[][]), sorted?: boolean,
 *   list?: import("./growing.js").Growing | null}} of
 * hidden: the caption is for ears only; saved: whether there is a button for a CSV file of it, or what gives its lines; sorted: whether headers
 * sort it; list: of which it shows a part, which is then sorted and saved as a whole
 */
export function table({ caption, columns, rows, hidden = false, saved = !hidden, sorted = true, list = null }) {
  const id = fresh("caption");
  const element = h(
    "table",
    { role: "table" },
    h("caption", { id, class: hidden ? "unseen" : null }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(heading))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => tr(columns, row))),
  );
  if (sorted && rows.length > 1) sortable(element, columns, list);
  const save = saved ? saveButton(columns, list, saved) : null; // not in the caption, which may have no button in it
  return h("div", { class: "scroll", role: "region", "aria-labelledby": id, tabindex: "0" }, save, element);
}

const heading = (column) => h("th", { scope: "col", role: "columnheader", class: kind(column) }, column.label);

/** One row of a table with these columns. */
export function tr(columns, row) {
  return h("tr", { role: "row" }, columns.map((column) => cell(column, row)));
}

function cell(column, row) {
  const has = { class: kind(column), "data-label": column.label, "data-value": column.value?.(row) ?? null };
  return column.head
    ? h("th", { ...has, scope: "row", role: "rowheader" }, column.cell(row))
    : h("td", { ...has, role: "cell" }, column.cell(row));
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
