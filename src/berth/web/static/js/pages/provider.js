/** One provider: where it stands in its tree, what it has, how full it is, who holds it, what was done to it. */

import { get } from "../api.js";
import { fill, h, sized } from "../dom.js";
import { number, plural, when } from "../format.js";
import { historyOf } from "../history.js";
import { aggregateLink, consumerLink, projectLink, providerLink, resources, traitLink } from "../links.js";
import { endsColumn } from "../life.js";
import { meter } from "../meter.js";
import { href } from "../router.js";
import { may } from "../session.js";
import { Growing, empty, facts, table } from "../table.js";

export const page = { title: "Provider", needs: "providers.show", under: "providers", show };

async function show(view) {
  const parts = { top: h("div"), inventories: h("div"), tree: h("div"), names: h("div") };
  const holders = may("provider_allocations.show") ? holdersOf(view) : null;
  const history = historyOf(view, "providers");
  view.root.append(
    parts.top,
    section("Inventories", parts.inventories),
    section("Tree", parts.tree),
    section("Traits and aggregates", parts.names),
    ...(holders ? [holders.element] : []),
    ...(history ? [history.element] : []),
  );
  return async () => {
    const provider = await get(`/providers/${view.id}`, {}, { signal: view.signal });
    view.entitle(provider.name);
    fill(parts.top, above(provider));
    fill(parts.inventories, inventories(provider));
    fill(parts.tree, tree(provider));
    fill(parts.names, names(provider));
    await Promise.all([holders?.load(), history?.load()]);
  };
}

function section(title, ...children) {
  return h("section", { class: "section" }, h("h2", {}, title), children);
}

function above(provider) {
  const root = provider.tree[0];
  return facts([
    ["Uuid", h("code", {}, provider.uuid)],
    ["Generation", number(provider.generation)],
    provider.parent ? ["Root of its tree", providerLink(root.uuid, root.name)] : null,
    ["Made", when(provider.created_at)],
    ["Changed", when(provider.updated_at)],
    may("consumers.list") && may("projects.list")
      ? ["Holders", h("a", { href: href("consumers", "", { provider: provider.uuid }) }, "as consumers")]
      : null,
  ]);
}

function inventories(provider) {
  const rows = Object.entries(provider.inventories);
  if (rows.length === 0) return empty("It has no inventories", "It only groups other providers, or its inventories have not been set yet.");
  return table({
    caption: `What ${provider.name} has`,
    hidden: true,
    columns: [
      { label: "Class", head: true, cell: ([name]) => name },
      { label: "Used", cell: ([name, of]) => meter({ ...of, name, label: `${name} of ${provider.name}` }) },
      { label: "Held", numeric: true, cell: ([, of]) => number(of.used) },
      { label: "Capacity", numeric: true, cell: ([, of]) => number(of.capacity) },
      { label: "Total", numeric: true, cell: ([, of]) => number(of.total) },
      { label: "Reserved", numeric: true, cell: ([, of]) => number(of.reserved) },
      { label: "Ratio", numeric: true, cell: ([, of]) => of.allocation_ratio },
      { label: "Units", numeric: true, cell: ([, of]) => units(of) },
    ],
    rows,
  });
}

/** What one claim may ask for: from, to, in steps of. */
function units({ min_unit: least, max_unit: most, step_size: step, total }) {
  const to = most >= total ? "any" : number(most);
  if (least === 1 && step === 1 && to === "any") return "any";
  return `${number(least)} to ${to}${step === 1 ? "" : ` by ${number(step)}`}`;
}

function tree(provider) {
  const depth = depths(provider.tree);
  return table({
    caption: `The tree of ${plural(provider.tree.length, "provider")} that it is in`,
    columns: [
      { label: "Provider", head: true, cell: (node) => branch(node, provider, depth.get(node.uuid)) },
      { label: "Used", cell: (node) => Object.entries(node.resources).map(([name, room]) => line(node, name, room)) },
    ],
    rows: provider.tree,
  });
}

function line(node, name, { used, capacity }) {
  const bar = meter({ name, used, capacity, pending: node.pending[name], label: `${name} of ${node.name}` });
  return h("div", { class: "line" }, h("span", { class: "line-name" }, name), bar);
}

function branch(node, provider, depth) {
  const here = node.uuid === provider.uuid;
  const name = here ? h("strong", { "aria-current": "true" }, node.name) : providerLink(node.uuid, node.name);
  const level = depth ? h("span", { class: "unseen" }, `level ${depth}: `) : null;
  return sized(h("span", { class: "branch" }, level, name), { "padding-inline-start": `${depth * 1.25}rem` });
}

/** How deep each provider of a tree is: parents come before their children. */
function depths(nodes) {
  const depth = new Map();
  for (const { uuid, parent } of nodes) depth.set(uuid, parent === null ? 0 : (depth.get(parent) ?? 0) + 1);
  return depth;
}

function names({ traits, aggregates, aggregate_names: called }) {
  return [
    h("h3", {}, plural(traits.length, "trait")),
    h("ul", { class: "chips" }, traits.map((name) => h("li", {}, traitLink(name)))),
    h("h3", {}, plural(aggregates.length, "aggregate")),
    h("ul", { class: "chips" }, aggregates.map((uuid) => h("li", {}, aggregateLink(uuid, called[uuid])))),
  ];
}

function holdersOf(view) {
  const region = h("div");
  const list = new Growing(region, {
    fetched: (page) => get(`/providers/${view.id}/holders`, page, { signal: view.signal }),
    shown: (items) => (items.length ? held(items) : empty("It has no allocations")),
  });
  return { element: section("Allocations by consumer", region), load: () => list.load() };
}

function held(rows) {
  return table({
    caption: "Consumers with allocations on it",
    columns: [
      { label: "Consumer", head: true, cell: (each) => consumerLink(each.consumer, each.name) },
      { label: "Holds", cell: (each) => resources(each.resources) },
      { label: "Project", cell: (each) => projectLink(each.project) },
      { label: "User", cell: (each) => each.user },
      { label: "Type", cell: (each) => each.type ?? "unknown" },
      { label: "Since", cell: (each) => when(each.updated_at) },
      ...endsColumn(rows),
    ],
    rows,
  });
}
