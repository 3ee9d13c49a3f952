/** One provider: who holds what of it and of its devices, what there is, its tree, what was done to it. */

import { get } from "../api.js";
import { copyButton } from "../copy.js";
import { fill, h, sized } from "../dom.js";
import { number, plural, when } from "../format.js";
import { historyOf } from "../history.js";
import { drainWords } from "../host/drain.js";
import { actions, editButton, nameButton } from "../host/edit.js";
import { Holdings } from "../host/holdings.js";
import { aggregateLink, providerLink, traitLink } from "../links.js";
import { meter } from "../meter.js";
import { may } from "../session.js";
import { empty, facts, table } from "../table.js";

export const page = { title: "Provider", needs: "providers.show", under: "providers", show };

async function show(view) {
  const parts = { top: h("div"), inventories: h("div"), tree: h("div"), names: h("div") };
  const holdings = may("provider_allocations.show") ? new Holdings(view) : null;
  const history = historyOf(view, "providers");
  parts.around = section("Tree", parts.tree);
  view.root.append(
    parts.top,
    ...(holdings ? [holdings.element] : []),
    section("Inventories", parts.inventories),
    parts.around,
    section("Traits and aggregates", parts.names),
    ...(history ? [history.element] : []),
  );
  return async () => {
    const provider = await get(`/providers/${view.id}`, {}, { signal: view.signal });
    view.entitle(provider.name);
    fill(parts.top, above(provider), actions(provider));
    fill(parts.inventories, inventories(provider));
    fill(parts.tree, tree(provider));
    parts.around.hidden = provider.tree.length === 1;
    fill(parts.names, names(provider));
    await Promise.all([holdings?.load(provider), history?.load(provider.uuid)]);
  };
}

function section(title, ...children) {
  return h("section", { class: "section" }, h("h2", {}, title), children);
}

function above(provider) {
  const { tree: [root], aggregates, aggregate_names: called } = provider;
  const racks = aggregates.filter((uuid) => called[uuid]);
  return facts([
    provider.parent ? ["Host", providerLink(root.uuid, root.name)] : null,
    racks.length ? ["In", h("ul", { class: "chips" }, racks.map((uuid) => h("li", {}, aggregateLink(uuid, called[uuid]))))] : null,
    provider.drain ? ["Drained", drainWords(provider.drain, provider.uuid)] : null,
    ["Created", when(provider.created_at)],
    ["Changed", when(provider.updated_at)],
    ["Generation", number(provider.generation)],
    ["Uuid", h("code", {}, provider.uuid), " ", copyButton(provider.uuid, "uuid")],
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
      ...(may("inventories.edit") ? [{ label: "Edit", act: true, cell: ([name, of]) => editButton(provider, name, of) }] : []),
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
    caption: `Tree of ${plural(provider.tree.length, "provider")}`,
    columns: [
      { label: "Provider", head: true, cell: (node) => branch(node, provider, depth.get(node.uuid)) },
      { label: "Used", cell: (node) => Object.entries(node.resources).map(([name, room]) => line(node, name, room)) },
    ],
    rows: provider.tree,
  });
}

function line(node, name, { used, capacity }) {
  const bar = meter({ name, used, capacity, plain: capacity === 1 && used <= 1, pending: node.pending[name], label: `${name} of ${node.name}` });
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
    h("ul", { class: "chips" }, aggregates.map((uuid) => h("li", {}, aggregateLink(uuid, called[uuid]), nameButton(uuid, called[uuid])))),
  ];
}
