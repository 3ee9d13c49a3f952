/** Tables, and collections that come page by page. */

import { fill, fresh, h } from "./dom.js";
import { saveButton, sortable } from "./sort.js";

/**
 * @typedef {{label: string, cell: (row: any) => import("./dom.js").Child, numeric?: boolean, head?: boolean, roomy?: boolean}} Column
 * head: its cells name the row; roomy: it is left out on a phone
 */

/**
 * A table in a box of its own, which scrolls where it is too wide.
 * @param {{caption: string, columns: Column[], rows: any[], hidden?: boolean, saved?: boolean, sorted?: boolean}} of
 * hidden: the caption is for ears only; saved: whether there is a button for a CSV file of what is shown; sorted: whether
 * headers sort it
 */
export function table({ caption, columns, rows, hidden = false, saved = !hidden, sorted = true }) {
  const id = fresh("caption");
  const labels = columns.map((column) => column.label);
  const element = h(
    "table",
    {},
    h("caption", { class: hidden ? "unseen" : null }, h("span", { id }, caption), saved ? saveButton(labels) : null),
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: kind(column) }, column.label)))),
    h("tbody", {}, rows.map((row) => tr(columns, row))),
  );
  if (sorted && rows.length > 1) sortable(element, labels);
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

const kind = (column) => [column.numeric ? "numeric" : "", column.roomy ? "roomy" : ""].filter(Boolean).join(" ") || null;

/**
 * A collection that begins with one page and grows when more is asked for. It keeps its length when it is loaded anew.
 * fetched: from {limit, after} to a page; shown: from all items to what is seen of them.
 */
export class Growing {
  constructor(region, { fetched, shown, step = 50 }) {
    Object.assign(this, { region, fetched, shown, step, wanted: step });
  }

  /** Begin with the first page again. */
  reset() {
    this.wanted = this.step;
  }

  async load() {
    const items = [];
    let after = null;
    do {
      const page = await this.fetched({ limit: Math.min(1000, this.wanted - items.length), after });
      items.push(...page.items);
      after = page.next;
    } while (after !== null && items.length < this.wanted);
    fill(this.region, this.shown(items), after === null ? null : this.more());
    return items;
  }

  more() {
    const grow = async (event) => {
      event.target.disabled = true;
      this.wanted += this.step;
      await this.load().catch(() => (event.target.disabled = false));
    };
    return h("p", { class: "more" }, h("button", { type: "button", "data-key": "more", on: { click: grow } }, "Show more"));
  }
}

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
