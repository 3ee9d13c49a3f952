/** Cells onto a canvas. Fullness is told twice: by colour, and by how high a cell is filled or how long its bar is. */

import { plural, percent, short } from "../format.js";
import { levelOf } from "../meter.js";
import { CARDS, place } from "./layout.js";

const PAD = 8;
const BAR = 6;
const HATCH = 5;

/** The colours of the present theme. */
export function colours(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    levels: [0, 1, 2, 3, 4, 5].map((level) => of(`--level-${level}`)),
    empty: of("--track"),
    surface: of("--surface"),
    line: of("--line"),
    text: of("--text"),
    quiet: of("--quiet"),
    mark: of("--accent"),
    family: style.fontFamily,
  };
}

/**
 * Draw every cell.
 * @param {CanvasRenderingContext2D} context scaled to pixels of the page
 * @param {import("./layout.js").Layout} layout
 * @param {{name: string, hosts: number, share: number | null, used: number, pending: number, marked: number}[]} cells
 * @param {{colours: any, cursor: number, groups: boolean, marking: boolean}} how
 */
export function draw(context, layout, cells, how) {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  const one = layout.form === CARDS ? card : gauge;
  cells.forEach((cell, at) => {
    const { x, y } = place(layout, at);
    context.globalAlpha = how.marking && !cell.marked ? 0.35 : 1;
    one(context, layout, cell, x, y, how);
    context.globalAlpha = 1;
    if (cell.marked) frame(context, x, y, layout, how.colours.mark, 2);
  });
  if (how.cursor >= 0 && how.cursor < cells.length) {
    const { x, y } = place(layout, how.cursor);
    frame(context, x, y, layout, how.colours.text, 2);
  }
}

function gauge(context, layout, cell, x, y, { colours }) {
  const level = levelOf(cell.share);
  if (level < 0) {
    frame(context, x, y, layout, colours.line, 1);
    return;
  }
  context.fillStyle = colours.empty;
  context.fillRect(x, y, layout.width, layout.height);
  const filled = cell.share > 0 ? Math.max(1, Math.round(layout.height * Math.min(1, cell.share))) : 0;
  context.fillStyle = colours.levels[level];
  context.fillRect(x, y + layout.height - filled, layout.width, filled);
  if (!cell.pending) return;
  const waits = Math.max(2, Math.round((filled * Math.min(cell.pending, cell.used)) / cell.used));
  hatch(context, colours.empty, { x, y: y + layout.height - filled, wide: layout.width, high: waits });
}

/** Stripes over a part that is filled: it is pending. */
function hatch(context, colour, { x, y, wide, high }) {
  context.save();
  context.beginPath();
  context.rect(x, y, wide, high);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let at = x - high; at < x + wide; at += HATCH) {
    context.moveTo(at, y + high);
    context.lineTo(at + high, y);
  }
  context.stroke();
  context.restore();
}

function card(context, layout, cell, x, y, { colours, groups }) {
  const level = levelOf(cell.share);
  context.fillStyle = colours.surface;
  context.fillRect(x, y, layout.width, layout.height);
  frame(context, x, y, layout, colours.line, 1);
  const wide = layout.width - 2 * PAD;
  context.textBaseline = "alphabetic";
  context.fillStyle = colours.text;
  context.font = `600 12px ${colours.family}`;
  context.fillText(fitting(context, cell.name, wide), x + PAD, y + PAD + 10);
  context.font = `11px ${colours.family}`;
  context.fillStyle = colours.quiet;
  const left = groups ? plural(cell.hosts, "host") : "";
  context.fillText(fitting(context, left, wide), x + PAD, y + PAD + 26);
  const text = percent(cell.share);
  context.fillStyle = colours.text;
  context.fillText(text, x + layout.width - PAD - context.measureText(text).width, y + PAD + 26);
  bar(context, colours, level, cell, { x: x + PAD, y: y + layout.height - PAD - BAR + 2, wide });
}

function bar(context, colours, level, cell, { x, y, wide }) {
  context.fillStyle = colours.empty;
  context.fillRect(x, y, wide, BAR);
  if (level > 0) {
    const filled = Math.max(2, wide * Math.min(1, cell.share));
    context.fillStyle = colours.levels[level];
    context.fillRect(x, y, filled, BAR);
    if (!cell.pending) return;
    const waits = Math.max(4, (filled * Math.min(cell.pending, cell.used)) / cell.used);
    hatch(context, colours.empty, { x: x + filled - waits, y, wide: waits, high: BAR });
  }
}

function frame(context, x, y, layout, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  const inset = width / 2;
  context.strokeRect(x + inset, y + inset, layout.width - width, layout.height - width);
}

/** A text, cut where it would be wider than this. */
function fitting(context, text, wide) {
  if (context.measureText(text).width <= wide) return text;
  let length = Math.floor((text.length * wide) / context.measureText(text).width);
  while (length > 0 && context.measureText(`${text.slice(0, length)}…`).width > wide) length -= 1;
  return `${text.slice(0, length)}…`;
}

/** A cell in a sentence: for the tip, and for those who listen. */
export function sentence(cell, { groups, of }) {
  const hosts = groups ? `, ${plural(cell.hosts, "host")}` : "";
  const marked = cell.marked ? `, ${plural(cell.marked, "candidate")} here` : "";
  return `${cell.name}${hosts}: ${amounts(cell, of)}${marked}`;
}

function amounts(cell, of) {
  if (cell.share === null) return `has no ${of}`;
  const pending = cell.pending ? `, ${short(cell.pending)} pending` : "";
  return `${of} ${percent(cell.share)} used (${short(cell.used)} of ${short(cell.capacity)}${pending})`;
}
