/** Fleet: all hosts as a map, from afar first; what there is in all; and which hosts are like that. */

import { get } from "../api.js";
import { emptyLedger } from "../empty.js";
import { card } from "../capacity.js";
import { fill, h } from "../dom.js";
import { choice, field, filters, follow } from "../fields.js";
import { amount, number, plural } from "../format.js";
import { FreeHosts } from "../free.js";
import { FleetMap, cellsOf } from "../map/map.js";
import { aggregateNames } from "../links.js";
import { legend, meter } from "../meter.js";
import { changed, go, href } from "../router.js";
import { empty, table } from "../table.js";

const MOST_HOSTS = 10_000;
const FIRST_ROWS = 200;
const NARROW = "(max-width: 640px)";
const PASSED_ON = ["within", "name", "trait", "aggregate", "room"];
const DRAWN = [
  ["", "automatic"],
  ["aggregates", "aggregate"],
  ["names", "name"],
  ["hosts", "every host"],
];

export const page = { title: "Fleet", needs: "fleet.show", show };

async function show(view) {
  const parts = {
    totals: h("section", { class: "totals", "aria-label": "Totals" }),
    crumbs: h("nav", { class: "crumbs", "aria-label": "Part of the fleet" }),
    said: h("p", { class: "said", role: "status" }),
    table: h("div", { class: "cells" }),
    map: new FleetMap({ opened: (cell) => open(view, cell) }),
    legend: legend(),
    free: new FreeHosts(),
  };
  const [classes, traits, aggregates] = await Promise.all(["/classes", "/traits", "/aggregates"].map((path) => get(path)));
  const form = filter(classes.items, traits.items, aggregates.items);
  parts.form = h("details", { class: "around", open: !matchMedia(NARROW).matches }, h("summary", {}, "Filters"), form);
  view.root.append(parts.form, parts.crumbs, parts.said, parts.legend, parts.map.element, parts.table, parts.free.element, parts.totals);
  view.closing(() => parts.map.close());
  const called = new Map(aggregates.items.map((item) => [item.name, item.label]));
  return () => load(view, form, parts, called);
}

const inUse = (items) => items.filter((item) => item.providers).map((item) => item.name);

function filter(classes, traits, aggregates) {
  const named = inUse(classes).map((name) => [name, name]);
  return filters(
    { label: "Which hosts, and how", changed: (given) => go(changed(given)) },
    choice({ label: "Coloured by", name: "class", options: [["", "fullest class"], ...named] }),
    choice({ label: "Group by", name: "by", options: DRAWN }),
    choice({ label: "Shown as", name: "view", options: [["", "Map"], ["table", "Table"]] }),
    field({ label: "Name", name: "name", type: "search", placeholder: "part of it" }),
    field({ label: "Trait", name: "trait", type: "search", options: inUse(traits) }),
    field({ label: "Aggregate", name: "aggregate", type: "search", options: aggregateNames(aggregates) }),
    field({ label: "Has room for", name: "room", type: "search", placeholder: "VCPU=4,MEMORY_MB=8G" }),
  );
}

async function load(view, form, parts, called) {
  const { params, signal } = view;
  follow(form, params);
  const overview = await get("/fleet", {}, { signal });
  fill(parts.totals, totals(overview));
  const nothing = overview.providers === 0;
  for (const each of [parts.form, parts.free.element, parts.crumbs, parts.legend, parts.map.element]) each.hidden = nothing;
  fill(parts.table);
  if (nothing) {
    parts.said.textContent = "There are no providers yet.";
    fill(parts.table, emptyLedger());
    return;
  }
  const chosen = params.get("class") || "";
  const by = params.get("by") || "";
  const asked = Object.fromEntries(PASSED_ON.map((name) => [name, params.get(name)]));
  const limit = by === "hosts" ? MOST_HOSTS : null;
  const map = await get("/fleet/map", { class: chosen || null, by, limit, ...asked }, { signal });
  fill(parts.crumbs, crumbs(params, called));
  draw(view, parts, map, chosen);
  await parts.free.load(chosen, overview, signal);
}

function draw(view, parts, map, chosen) {
  const groups = map.level === "groups";
  const cells = cellsOf(map.cells, chosen);
  const how = { groups, of: chosen || "the fullest class" };
  const asTable = view.params.get("view") === "table";
  parts.said.textContent = summary(map, cells);
  parts.map.element.hidden = asTable || cells.length === 0;
  parts.legend.hidden = cells.length === 0;
  if (cells.length === 0) fill(parts.table, empty("No host matches", "Change or clear the filters above."));
  else if (asTable) fill(parts.table, listed(view, cells, how));
  if (!parts.map.element.hidden) parts.map.show(cells, how);
}

function summary(map, cells) {
  const hosts = plural(map.total_hosts, "host");
  if (map.level === "groups") return `${hosts} in ${plural(cells.length, "group")}, by ${map.groups_of === "aggregates" ? "aggregate" : "name"}`;
  if (cells.length < map.total_hosts) return `The first ${number(cells.length)} of ${hosts} by name: use a filter, or show groups`;
  const racks = new Set(cells.map((cell) => cell.rack).filter(Boolean)).size;
  return racks ? `${hosts} in ${plural(racks, "rack")}` : hosts;
}

function listed(view, cells, how) {
  const columns = [
    { label: how.groups ? "Group" : "Host", head: true, cell: (cell) => h("a", { href: wayTo(view, cell) }, cell.name) },
    ...(how.groups ? [{ label: "Hosts", numeric: true, cell: (cell) => number(cell.hosts) }] : []),
    ...(cells.some((cell) => cell.rack) ? [{ label: "Rack", cell: (cell) => cell.rack }] : []),
    { label: "Class", cell: (cell) => cell.of || "none" },
    { label: "Used", cell: (cell) => meter({ ...cell, name: cell.of, label: `${cell.of} of ${cell.name}` }) },
    { label: "Amount", numeric: true, cell: (cell) => (cell.share === null ? "none" : `${amount(cell.of, cell.used)} of ${amount(cell.of, cell.capacity)}`) },
  ];
  const rows = cells.slice(0, FIRST_ROWS);
  const caption = rows.length < cells.length ? `The first ${number(rows.length)} of ${number(cells.length)} cells of the map` : "The cells of the map";
  return table({ caption, columns, rows });
}

/** A group leads into itself, a host to its provider. */
function wayTo(view, cell) {
  if (/^[0-9a-f]{8}-/.test(cell.id) && !cell.id.includes(":")) return href("provider", cell.id);
  return changed({ within: cell.id });
}

function open(view, cell) {
  go(wayTo(view, cell));
}

function crumbs(params, called) {
  const within = params.get("within");
  if (!within) return null;
  const steps = within.split("/");
  const way = steps.map((step, at) => ({ id: steps.slice(0, at + 1).join("/"), name: inWords(step, called) }));
  return h(
    "ol",
    {},
    h("li", {}, h("a", { href: changed({ within: "" }) }, "Whole fleet")),
    way.map(({ id, name }, at) =>
      h("li", {}, at === way.length - 1 ? h("span", { "aria-current": "location" }, name) : h("a", { href: changed({ within: id }) }, name)),
    ),
  );
}

function inWords(step, called) {
  const [kind, label] = step.split(/:(.*)/s);
  const name = decodeURIComponent(label || "");
  if (kind === "aggregate") return name ? `aggregate ${called.get(name) || name}` : "in no aggregate";
  if (kind === "aggregates") return `aggregates ${name}…`;
  return kind === "start" ? `${name}…` : name || "names that start with a digit";
}

function totals(overview) {
  const facts = `${plural(overview.roots, "host")}, ${plural(overview.providers, "provider")}, ${plural(overview.aggregates, "aggregate")}`;
  return [
    h("p", { class: "quiet" }, facts),
    overview.classes.length === 0 ? null : h("ul", { class: "cards" }, overview.classes.slice(0, 12).map((each) => card(each))),
    overview.classes.length > 12 ? h("p", { class: "quiet" }, `and ${plural(overview.classes.length - 12, "more class", "more classes")}`) : null,
  ];
}
