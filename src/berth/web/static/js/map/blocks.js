/** Cells in blocks: a rack each, with its name above, the cells as large as the place allows. */

const BLOCK_GAP = 10;
const TITLE = 17;
const GAP = 2;

/** The forms of a cell, from the largest on: those that are wide enough have a name. */
const FORMS = [
  { width: 104, height: 26, named: true },
  { width: 84, height: 22, named: true },
  { width: 70, height: 20, named: true },
  { width: 34, height: 16, named: false },
  { width: 22, height: 12, named: false },
  { width: 14, height: 10, named: false },
  { width: 8, height: 8, named: false },
];

export const BLOCKS = "blocks";

/**
 * A layout of cells that are in order of their racks.
 * @param {{rack: string}[]} cells
 * @param {number} width of the place, in pixels
 * @param {number} height wished for
 */
export function blocks(cells, width, height) {
  const racks = grouped(cells);
  const laid = FORMS.map((form) => () => arranged(racks, form, width));
  for (const lay of laid) {
    const layout = lay();
    if (layout.total <= height) return layout;
  }
  return laid.at(-1)();
}

function grouped(cells) {
  const racks = [];
  for (const { rack } of cells) {
    if (racks.at(-1)?.rack === rack) racks.at(-1).count += 1;
    else racks.push({ rack, count: 1 });
  }
  return racks;
}

function arranged(racks, form, width) {
  const most = Math.max(...racks.map(({ count }) => count));
  const columns = Math.max(1, Math.min(columnsOf(most, form), Math.floor((width + GAP) / (form.width + GAP))));
  const wide = columns * (form.width + GAP) - GAP;
  const perRow = Math.max(1, Math.floor((width + BLOCK_GAP) / (wide + BLOCK_GAP)));
  const layout = { form: BLOCKS, ...form, places: [], titles: [], total: 0 };
  for (let at = 0; at < racks.length; at += perRow) row(layout, racks.slice(at, at + perRow), { columns, wide });
  layout.total = Math.max(0, layout.total - BLOCK_GAP);
  return layout;
}

/** About twice as high as wide, as a rack is. */
function columnsOf(count, { width, height }) {
  return Math.max(1, Math.round(Math.sqrt((count * height) / width / 1.6)));
}

function row(layout, racks, { columns, wide }) {
  const top = layout.total;
  const lines = Math.ceil(Math.max(...racks.map(({ count }) => count)) / columns);
  racks.forEach(({ rack, count }, number) => {
    const left = number * (wide + BLOCK_GAP);
    layout.titles.push({ text: rack || "in no rack", x: left, y: top, wide });
    for (let at = 0; at < count; at += 1) {
      const [x, y] = [at % columns, Math.floor(at / columns)];
      layout.places.push({ x: left + x * (layout.width + GAP), y: top + TITLE + y * (layout.height + GAP) });
    }
  });
  layout.total = top + TITLE + lines * (layout.height + GAP) - GAP + BLOCK_GAP;
}

/** The cell at a point; -1 for none. */
export function blockCellAt({ places, width, height }, x, y) {
  return places.findIndex((place) => x >= place.x && x < place.x + width && y >= place.y && y < place.y + height);
}

/** Where a key leads to: to the next cell in its direction, nearest first; null for keys that lead nowhere. */
export function blockMoved({ places }, at, key) {
  const last = places.length - 1;
  const ends = { Home: 0, End: last, ArrowRight: at + 1, ArrowLeft: at - 1 };
  if (key in ends) return Math.max(0, Math.min(last, ends[key]));
  const sign = { ArrowDown: 1, PageDown: 1, ArrowUp: -1, PageUp: -1 }[key];
  if (sign === undefined) return null;
  const here = places[at];
  let best = at;
  let nearest = Infinity;
  places.forEach((place, other) => {
    const [down, aside] = [(place.y - here.y) * sign, Math.abs(place.x - here.x)];
    if (down > 0 && down + aside * 3 < nearest) [best, nearest] = [other, down + aside * 3];
  });
  return best;
}
