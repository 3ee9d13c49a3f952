/** Where the cells of a map stand: rows of equal cells, as large as the place allows; or blocks of them. */

import { blockCellAt, blockMoved } from "./blocks.js";

const GAP = 3;
const CARD = { width: 148, height: 54 };
const SMALLEST = 8;
const LARGEST = 44;

/** Cards have words in them; gauges are so small that only colour and height tell. */
export const CARDS = "cards";
export const GAUGES = "gauges";

/**
 * @typedef {{form: string, columns: number, rows: number, width: number, height: number, gap: number, total: number}} Layout
 */

/**
 * A layout for so many cells.
 * @param {number} count
 * @param {number} width of the place, in pixels
 * @param {number} height wished for; more of it is taken if cells would become too small
 * @returns {Layout}
 */
export function layout(count, width, height) {
  const columns = Math.max(1, Math.floor((width + GAP) / (CARD.width + GAP)));
  const rows = Math.ceil(count / columns);
  if (rows * (CARD.height + GAP) <= Math.max(height, 2 * (CARD.height + GAP))) {
    const stretched = Math.min((width + GAP) / Math.min(columns, Math.max(count, 1)) - GAP, 2.5 * CARD.width);
    return sized(CARDS, columns, rows, stretched, CARD.height, GAP);
  }
  return gauges(count, width, height);
}

function gauges(count, width, height) {
  const even = Math.floor(Math.sqrt((width * height) / count));
  const pitch = Math.min(LARGEST, Math.max(SMALLEST, even));
  const gap = pitch > 14 ? 2 : 1;
  const columns = Math.max(1, Math.floor(width / pitch));
  return sized(GAUGES, columns, Math.ceil(count / columns), pitch - gap, pitch - gap, gap);
}

function sized(form, columns, rows, width, height, gap) {
  return { form, columns, rows, width, height, gap, total: Math.max(0, rows * (height + gap) - gap) };
}

/** Where a cell begins. */
export function place(layout, at) {
  if (layout.places) return layout.places[at];
  const column = at % layout.columns;
  const row = Math.floor(at / layout.columns);
  return { x: column * (layout.width + layout.gap), y: row * (layout.height + layout.gap) };
}

/** Which of so many cells is at a point; -1 for none. */
export function cellAt(layout, count, x, y) {
  if (layout.places) return blockCellAt(layout, x, y);
  const column = Math.floor(x / (layout.width + layout.gap));
  const row = Math.floor(y / (layout.height + layout.gap));
  const at = row * layout.columns + column;
  return column >= 0 && column < layout.columns && row >= 0 && at < count ? at : -1;
}

/** Where a key leads to from a cell; null for keys that lead nowhere. */
export function moved(layout, count, at, key) {
  if (layout.places) return count === 0 ? null : blockMoved(layout, at, key);
  const page = layout.columns * 5;
  const steps = {
    ArrowRight: at + 1,
    ArrowLeft: at - 1,
    ArrowDown: at + layout.columns,
    ArrowUp: at - layout.columns,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  if (to === undefined || count === 0) return null;
  return Math.max(0, Math.min(count - 1, to));
}
