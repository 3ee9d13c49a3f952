/** Who holds which device of a host: a row each, those below it included, and what is free. */

import { get, send } from "../api.js";
import { confirmed } from "../dialog.js";
import { announce, h } from "../dom.js";
import { tick } from "../fields.js";
import { amount, plural, when } from "../format.js";
import { Growing } from "../growing.js";
import { endsColumn } from "../life.js";
import { amounts, consumerLink, nameColumn, projectLink, providerLink, resources } from "../links.js";
import { may } from "../session.js";
import { empty, table } from "../table.js";

const MOST_DEVICES = 64;

/** The table of one provider and of those below it, in an element of its own; load: with the provider as it is now. */
export class Holdings {
  constructor(view) {
    this.view = view;
    this.region = h("div");
    this.provider = null;
    this.list = new Growing(this.region, {
      step: 100,
      fetched: (page) => get(`/providers/${this.provider.uuid}/holdings`, page, { signal: view.signal }),
      shown: (items) => this.shown(items),
      columns: () => this.columns(null, true),
    });
    this.element = h("section", { class: "section" }, h("h2", {}, "Who holds what"), this.region);
  }

  load(provider) {
    this.provider = provider;
    return this.list.load();
  }

  shown(items) {
    const nodes = below(this.provider);
    const rows = nodes.length > MOST_DEVICES ? items : devices(nodes, items);
    if (rows.length === 0) return empty("No claims");
    const free = rows.length - items.length;
    const where = nodes.length > 1 ? ` on it and ${plural(nodes.length - 1, "device")} below it` : "";
    const caption = `${this.list.counted("claim")}${where}${free ? `, ${free} free` : ""}`;
    return table({ caption, columns: this.columns(items, nodes.length > 1), rows, list: this.list });
  }

  columns(items, deep) {
    const own = (row) => row.consumer !== null;
    const release = may("allocations.delete") || may("allocations.release");
    const columns = [
      deep ? { label: "Device", head: true, cell: (row) => providerLink(row.provider, row.name) } : null,
      { label: "User", head: !deep, cell: (row) => (own(row) ? consumerLink(row.consumer, row.user) : h("span", { class: "quiet" }, row.why)) },
      ...nameColumn(items, "consumer", "consumer_name"),
      { label: "Project", cell: (row) => (own(row) ? projectLink(row.project) : "") },
      { label: "Holds", cell: (row) => (own(row) ? resources(row.resources) : "") },
      { label: "Type", cell: (row) => (own(row) ? (row.type ?? "unknown") : "") },
      { label: "Since", cell: (row) => (own(row) ? when(row.since) : "") },
      ...endsColumn(items).map((column) => ({ ...column, cell: (row) => (own(row) ? column.cell(row) : "") })),
      release ? { label: "Release", act: true, cell: (row) => (own(row) ? this.button(row) : "") } : null,
    ];
    return columns.filter(Boolean);
  }

  button(row) {
    const label = `Release what ${row.user} holds of ${row.name}`;
    const of = { type: "button", class: "small", "aria-label": label, "data-key": `release-${row.provider}-${row.consumer}` };
    return h("button", { ...of, on: { click: () => released(row) } }, "Release…");
  }
}

/** A provider with all below it, in the order of the tree. */
function below({ uuid, tree }) {
  const within = new Set([uuid]);
  for (const node of tree) if (within.has(node.parent)) within.add(node.uuid);
  return tree.filter((node) => within.has(node.uuid));
}

/** A row for each holding, devices before what they are in, and one for each device that nobody holds. */
function devices(nodes, items) {
  const [first, ...others] = nodes;
  return [...others, first].flatMap((node) => {
    const mine = items.filter((item) => item.provider === node.uuid);
    return mine.length ? mine : idle(node);
  });
}

function idle(node) {
  const parts = Object.entries(node.resources);
  if (parts.length === 0 || parts.some(([, { used }]) => used > 0)) return [];
  const free = parts.filter(([, { capacity }]) => capacity > 0).map(([name, { capacity }]) => `${amount(name, capacity)} ${name}`);
  return [{ provider: node.uuid, name: node.name, consumer: null, why: free.length ? `free: ${free.join(", ")}` : "out of use" }];
}

/** Ask what is to be released, and do it: the whole claim, or what it holds of one device. */
async function released(row) {
  const claim = await get(`/consumers/${row.consumer}`).catch(() => null);
  const whole = claim && Object.keys(claim.allocations).length > 1 && may("allocations.delete");
  const only = whole && may("allocations.release") ? tick({ label: `Only its claim on ${row.name}`, name: "only" }) : null;
  const done = await confirmed({
    title: `Release the claim of ${row.user}?`,
    said: [
      h("p", {}, `${row.user} of project ${row.project} holds `, amounts(row.resources), ` of ${row.name}`, whole ? [", in total:"] : "."),
      whole ? h("p", {}, amounts(claim.resources), ` on ${plural(Object.keys(claim.allocations).length, "provider")}`) : null,
      only,
      h("p", {}, "Others can then claim it. Workloads that run there are not stopped."),
    ],
    verb: "Release",
    danger: true,
    done: () => release(row, whole && !only?.querySelector("input").checked),
  });
  if (done) announce(`Released: ${row.user} no longer holds ${row.name}.`);
}

async function release({ consumer, provider, project }, whole) {
  if (whole || !may("allocations.release")) await send("DELETE", `/consumers/${consumer}`);
  else {
    const body = { consumers: [consumer], on: provider, ...(may("projects.list") ? {} : { project }) };
    const { result } = await send("POST", "/commands/ReleaseMatching", body);
    if (result.items.length === 0) throw new Error("Nothing to release: it was already released.");
  }
  return true;
}
