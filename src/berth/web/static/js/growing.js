/** Lists that come page by page: how many there are in all, the whole of them sorted, and as a file. */

import { announce, fill, h } from "./dom.js";
import { download, line } from "./download.js";
import { number, plural } from "./format.js";
import { box } from "./words.js";

/** So many rows are read to be sorted here; longer lists can only be sorted by the server. */
export const MOST_SORTED = 5_000;

const MOST_SAVED = 100_000;
const PAGE = 1_000;

/**
 * A collection that begins with one page and grows when more is asked for. It keeps its length when it is loaded again.
 *
 * fetched: from {limit, after} to a page; shown: from all items to what is seen of them; columns: those of a file of all
 * items; ordered: called with the parameters of another order; given: the parameters of the order that it has.
 */
export class Growing {
  constructor(region, { fetched, shown, step = 50, columns = null, ordered = null, given = () => ({}) }) {
    Object.assign(this, { region, fetched, shown, step, columns, ordered, given, wanted: step });
    this.items = [];
    this.whole = false;
    this.total = null;
    this.bounded = false;
    this.run = 0;
    this.progress = h("p", { class: "said progress", role: "status" });
  }

  /** Begin with the first page again. */
  reset() {
    this.run += 1;
    this.wanted = this.step;
    fill(this.progress);
  }

  async load() {
    const current = this.sameRun();
    const items = [];
    let after = null;
    do {
      const page = current(await this.fetched({ limit: Math.min(PAGE, this.wanted - items.length), after }));
      if (after === null) [this.total, this.bounded] = [page.total ?? null, page.bounded ?? false];
      items.push(...page.items);
      after = page.next;
      if (this.reading) fill(this.progress, `${number(items.length)} of ${number(this.total)} rows read…`);
    } while (after !== null && items.length < this.wanted);
    this.items = items;
    this.whole = after === null;
    fill(this.region, this.shown(items), this.whole ? null : this.more(), this.progress);
    return items;
  }

  /** Return what passes an answer on, unless the list has begun again since: with another filter, pages do not belong together. */
  sameRun() {
    const { run } = this;
    return (answer) => {
      if (run !== this.run) throw new DOMException("The list has begun again.", "AbortError");
      return answer;
    };
  }

  more() {
    const grow = async (event) => {
      event.target.disabled = true;
      this.wanted += this.step;
      await this.load().catch(() => (event.target.disabled = false));
    };
    return h("p", { class: "more" }, h("button", { type: "button", "data-key": "more", on: { click: grow } }, "Show more"));
  }

  /** How many are shown of how many: 50 of 1,501 consumers. */
  counted(one, many = `${one}s`) {
    const shown = this.items.length;
    if (this.whole) return plural(shown, one, many);
    if (this.total === null) return `${plural(shown, one, many)} shown, and there are more`;
    return `${number(shown)} of ${this.bounded ? "at least " : ""}${plural(this.total, one, many)}`;
  }

  /** Whether all of it can be read to be sorted here. */
  get sortable() {
    return this.whole || (this.total !== null && !this.bounded && this.total <= MOST_SORTED);
  }

  /** Read all of it, to be sorted. */
  async all() {
    const before = this.wanted;
    this.wanted = MOST_SORTED;
    this.reading = true;
    try {
      await this.load();
      fill(this.progress);
    } catch (error) {
      if (error.name !== "AbortError") this.wanted = before;
      fill(this.progress, error.name === "AbortError" ? null : box(error));
    }
    this.reading = false;
  }

  /** Save all of it as CSV: a page is read, written and let go of, until the end or until it is cancelled. */
  async save(name) {
    if (this.saving) return;
    this.saving = true;
    let cancelled = false;
    const cancel = h("button", { type: "button", class: "small", "data-key": "cancel-csv", on: { click: () => (cancelled = true) } }, "Cancel");
    const columns = this.columns();
    const current = this.sameRun();
    const parts = [line(columns.map((column) => column.label))];
    let after = null;
    let count = 0;
    try {
      do {
        const page = current(await this.fetched({ limit: PAGE, after }));
        parts.push(...page.items.map((item) => line(columns.map((column) => textOf(h("td", {}, column.cell(item)))))));
        count += page.items.length;
        after = page.next;
        const of = this.total === null ? "" : ` of ${this.bounded ? "at least " : ""}${number(this.total)}`;
        fill(this.progress, `${number(count)}${of} rows read… `, cancel);
      } while (after !== null && count < MOST_SAVED && !cancelled);
      if (!cancelled) download(name, "text/csv;charset=utf-8", parts);
      const rest = after === null ? "" : ". There are more: the command line has no limit";
      fill(this.progress, cancelled ? "Cancelled: no file was saved." : `${plural(count, "row")} in the CSV file${rest}.`);
      if (!cancelled) announce("Saved as CSV");
    } catch (error) {
      fill(this.progress, error.name === "AbortError" ? "The list has changed: no file was saved." : box(error));
    }
    this.saving = false;
  }
}

/** What a cell says, on one line; of a time the moment itself, not how long ago it was. */
export function textOf(cell) {
  const copy = cell.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = time.dateTime;
  for (const each of copy.querySelectorAll("button, .unseen")) each.remove();
  for (const each of copy.querySelectorAll(".amounts > .amount, div, li, p")) each.append("\n");
  return copy.textContent.trim().replace(/\s*\n\s*/g, "; ");
}
