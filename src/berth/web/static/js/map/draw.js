/** Cells onto a canvas. Fullness is told twice: by colour, and by how high a cell is filled or how long its bar is. */

import { plural, percent, short } from "../format.js";
import { LEVELS, levelOf } from "../meter.js";
import { BLOCKS } from "./blocks.js";
import { CARDS, place } from "./layout.js";

const PAD = 8;
const BAR = 6;
const HATCH = 5;
const PLATE_BAR = 4;
const OVER = LEVELS.length - 1;

/** The colours of the present theme. */
export function colours(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    levels: [0, 1, 2, 3, 4, 5, 6].map((level) => of(`--level-${level}`)),
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
  for (const title of layout.titles ?? []) caption(context, title, how.colours);
  const one = layout.form === CARDS ? card : layout.form === BLOCKS && layout.named ? plate : gauge;
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

/** The name of a block. */
function caption(context, { text, x, y, wide }, colours) {
  context.textBaseline = "alphabetic";
  context.fillStyle = colours.text;
  context.font = `600 11px ${colours.family}`;
  context.fillText(fitting(context, text, wide), x, y + 11);
}

/** A host with its name, and a bar below it. */
function plate(context, layout, cell, x, y, { colours }) {
  const level = levelOf(cell.share);
  context.fillStyle = colours.surface;
  context.fillRect(x, y, layout.width, layout.height);
  frame(context, x, y, layout, colours.line, 1);
  context.textBaseline = "alphabetic";
  context.fillStyle = level < 0 ? colours.quiet : colours.text;
  context.font = `${layout.height > 20 ? 11 : 10}px ${colours.family}`;
  context.fillText(fitting(context, cell.name, layout.width - 6), x + 3, y + layout.height - PLATE_BAR - 4);
  if (level < 0) return;
  const band = { x: x + 1, y: y + layout.height - PLATE_BAR - 1, wide: layout.width - 2, high: PLATE_BAR };
  context.fillStyle = colours.empty;
  context.fillRect(band.x, band.y, band.wide, band.high);
  if (level === 0) return;
  const filled = Math.max(2, band.wide * Math.min(1, cell.share));
  context.fillStyle = colours.levels[level];
  context.fillRect(band.x, band.y, filled, band.high);
  if (level === OVER) hatch(context, colours.surface, { ...band, wide: filled }, -1);
  if (cell.pending) hatch(context, colours.empty, pendingPart(cell, { ...band, wide: filled }));
}

/** The part at the end of a bar that is pending. */
function pendingPart(cell, { x, y, wide, high }) {
  const waits = Math.max(4, (wide * Math.min(cell.pending, cell.used)) / cell.used);
  return { x: x + wide - waits, y, wide: waits, high };
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
  if (level === OVER) hatch(context, colours.surface, { x, y, wide: layout.width, high: layout.height }, -1);
  if (!cell.pending) return;
  const waits = Math.max(2, Math.round((filled * Math.min(cell.pending, cell.used)) / cell.used));
  hatch(context, colours.empty, { x, y: y + layout.height - filled, wide: layout.width, high: waits });
}

/** Stripes over a part that is filled: it is pending; the other way: it is over capacity. */
function hatch(context, colour, { x, y, wide, high }, way = 1) {
  context.save();
  context.beginPath();
  context.rect(x, y, wide, high);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let at = x - high; at < x + wide; at += HATCH) {
    context.moveTo(at, way > 0 ? y + high : y);
    context.lineTo(at + high, way > 0 ? y : y + high);
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
    if (level === OVER) hatch(context, colours.surface, { x, y, wide: filled, high: BAR }, -1);
    if (cell.pending) hatch(context, colours.empty, pendingPart(cell, { x, y, wide: filled, high: BAR }));
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
  const rack = cell.rack ? ` in ${cell.rack}` : "";
  return `${cell.name}${rack}${hosts}: ${amounts(cell, of)}${marked}`;
}

function amounts(cell, chosen) {
  const of = cell.of || chosen;
  if (cell.share === null) return `has no ${of}`;
  const pending = cell.pending ? `, ${short(cell.pending)} pending` : "";
  return `${of} ${percent(cell.share)} used (${short(cell.used)} of ${short(cell.capacity)}${pending})`;
}
