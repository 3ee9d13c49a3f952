/** The map: a canvas to look at, to point at and to walk over with arrow keys. A table of the same is never far. */

import { announce, fresh, h, sized } from "../dom.js";
import { blocks } from "./blocks.js";
import { colours, draw, sentence } from "./draw.js";
import { cellAt, layout, moved, place } from "./layout.js";

const RACKS_HIGH = 760;

/**
 * @typedef {{id: string, name: string, rack: string, hosts: number, share: number | null, used: number, capacity: number,
 *   pending: number, marked: number}} Cell
 */

/** A map in an element of its own. opened: called with the cell that was chosen. */
export class FleetMap {
  constructor({ opened }) {
    this.opened = opened;
    this.cells = [];
    this.cursor = -1;
    this.how = { groups: false, of: "", marking: false };
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    const help = fresh("help");
    this.surface = h("div", {
      class: "surface",
      role: "application",
      "aria-roledescription": "map",
      "aria-describedby": help,
      tabindex: "0",
      on: this.listeners(),
    });
    this.surface.append(this.canvas, this.tip);
    this.element = h(
      "div",
      { class: "map" },
      this.surface,
      h("p", { id: help, class: "quiet" }, "Arrow keys go from cell to cell, Enter opens one. “Table” shows the same as a table."),
    );
    this.observe();
  }

  listeners() {
    return {
      keydown: (event) => this.pressed(event),
      pointermove: (event) => this.point(this.under(event)),
      pointerleave: () => this.point(-1),
      click: (event) => this.open(this.under(event)),
      focus: () => this.walk(Math.max(0, this.cursor)),
      blur: () => this.point(-1),
    };
  }

  observe() {
    this.watched = new ResizeObserver(() => this.redraw());
    this.watched.observe(this.surface);
    this.themed = () => this.redraw();
    document.addEventListener("theme", this.themed);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.themed);
  }

  /** Let go of everything that would call it again. */
  close() {
    this.watched.disconnect();
    document.removeEventListener("theme", this.themed);
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.themed);
  }

  /**
   * Show these cells.
   * @param {Cell[]} cells
   * @param {{groups: boolean, of: string, marking?: boolean}} how of: what their shares are of
   */
  show(cells, how) {
    this.racks = cells.some((cell) => cell.rack);
    this.cells = this.racks ? cells.toSorted(byRack) : cells;
    this.how = { marking: false, ...how };
    if (this.cursor >= cells.length) this.cursor = -1;
    const what = how.groups ? "groups of hosts" : "hosts";
    this.surface.setAttribute("aria-label", `Map of ${cells.length} ${what}, by how much ${how.of} is used`);
    this.redraw();
  }

  redraw() {
    const width = this.surface.clientWidth;
    if (width === 0) return;
    const height = Math.max(160, Math.min(460, Math.round(window.innerHeight * 0.5)));
    const high = Math.max(RACKS_HIGH, window.innerHeight * 0.9);
    this.layout = this.racks ? blocks(this.cells, width, high) : layout(this.cells.length, width, height);
    const scale = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(Math.max(1, this.layout.total) * scale);
    sized(this.canvas, { width: `${width}px`, height: `${this.layout.total}px` });
    this.paint(scale);
  }

  paint(scale = Math.min(2, window.devicePixelRatio || 1)) {
    const context = this.canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    draw(context, this.layout, this.cells, { ...this.how, colours: colours(this.surface), cursor: this.cursor });
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect();
    return this.layout ? cellAt(this.layout, this.cells.length, event.clientX - box.left, event.clientY - box.top) : -1;
  }

  /** Put the cursor on a cell (-1: on none) and say in a tip what it is. */
  point(at) {
    if (!this.layout || at === this.cursor) return;
    this.cursor = at;
    this.paint();
    this.tip.hidden = at < 0;
    if (at < 0) return;
    const { x, y } = place(this.layout, at);
    this.tip.textContent = sentence(this.cells[at], this.how);
    const most = Math.max(0, this.surface.clientWidth - this.tip.offsetWidth);
    sized(this.tip, { left: `${Math.min(x, most)}px`, top: `${y + this.layout.height + 6}px` });
  }

  /** The same by keyboard: said as well, and kept in sight. */
  walk(at) {
    if (!this.layout || this.cells.length === 0) return;
    this.point(at);
    this.tip.hidden = false;
    announce(sentence(this.cells[at], this.how));
    const top = this.canvas.getBoundingClientRect().top + place(this.layout, at).y;
    if (top < 60) window.scrollBy(0, top - 100);
    if (top + this.layout.height > window.innerHeight - 60) window.scrollBy(0, top - window.innerHeight + 140);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.layout) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(this.cursor);
      return;
    }
    const to = moved(this.layout, this.cells.length, Math.max(0, this.cursor), event.key);
    if (to !== null) {
      event.preventDefault();
      this.walk(to);
    }
  }

  open(at) {
    if (at >= 0 && at < this.cells.length) this.opened(this.cells[at]);
  }
}

/** Racks by name, those that are in none at the end; in a rack as before. */
function byRack(one, other) {
  if (one.rack === other.rack) return 0;
  if (!one.rack || !other.rack) return one.rack ? -1 : 1;
  return one.rack.localeCompare(other.rack, "en", { numeric: true });
}

/**
 * Cells as the map takes them, out of those of /v1/fleet/map. name: a class, or "" for the fullest of each cell.
 * @returns {Cell[]}
 */
export function cellsOf(cells, name) {
  return cells.map((cell) => {
    const chosen = name || fullest(cell);
    const capacity = cell.capacity[chosen] ?? 0;
    const used = cell.used[chosen] ?? 0;
    const { id, hosts, marked, rack } = cell;
    const pending = cell.pending[chosen] ?? 0;
    return { id, name: cell.name, hosts, marked, rack, of: chosen, used, capacity, pending, share: capacity > 0 ? used / capacity : null };
  });
}

function fullest(cell) {
  let best = "";
  let most = -1;
  for (const [name, capacity] of Object.entries(cell.capacity)) {
    const share = capacity > 0 ? cell.used[name] / capacity : -1;
    if (share > most) [best, most] = [name, share];
  }
  return best;
}
