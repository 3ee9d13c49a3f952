/** Providers, each by itself: those that match, in an order. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { choice, field, filters, follow } from "../fields.js";
import { amount, number, share, when } from "../format.js";
import { Growing } from "../growing.js";
import { aggregateNames, providerLink } from "../links.js";
import { meter } from "../meter.js";
import { changed, go } from "../router.js";
import { commandOptions } from "../session.js";
import { empty, table } from "../table.js";

const FILTERS = ["name", "uuid", "trait", "aggregate", "class", "room"];
const ORDERS = [
  ["oldest", "Oldest first"],
  ["name", "By name"],
  ["changed", "Last changed first"],
  ["fullest", "Fullest first"],
];

export const page = { title: "Providers", needs: "providers.list", show };

async function show(view) {
  const region = h("div");
  const [classes, traits, aggregates] = await Promise.all(["/classes", "/traits", "/aggregates"].map((path) => get(path)));
  const named = (items) => items.filter((item) => item.providers).map((item) => item.name);
  const form = filters(
    { label: "Which providers", changed: (given) => go(changed({ ...given, reverse: "" })) },
    choice({ label: "Order", name: "order", options: ORDERS }),
    field({ label: "Name", name: "name", type: "search", placeholder: "part of it" }),
    field({ label: "Uuid", name: "uuid", type: "search", placeholder: "starts with" }),
    field({ label: "Trait", name: "trait", type: "search", options: named(traits.items) }),
    field({ label: "Aggregate", name: "aggregate", type: "search", options: aggregateNames(aggregates.items) }),
    field({ label: "Has class", name: "class", type: "search", options: named(classes.items) }),
    field({ label: "Has room for", name: "room", type: "search", placeholder: "VCPU=4,MEMORY_MB=8G" }),
  );
  view.root.append(form, region);
  const list = new Growing(region, {
    fetched: (page) => get("/providers", { ...asked(view.params), ...page }, { signal: view.signal }),
    shown: (items) => shown(list, items, view.params),
    columns: () => COLUMNS,
    ordered: (order) => go(changed(order)),
    given: () => ({ order: view.params.get("order") || "oldest", reverse: view.params.get("reverse") ?? "" }),
  });
  let last = "";
  return async () => {
    follow(form, view.params);
    if (last !== view.params.toString()) list.reset();
    last = view.params.toString();
    await list.load();
  };
}

const asked = (params) => Object.fromEntries([...FILTERS, "order", "reverse"].map((name) => [name, params.get(name)]));

function shown(list, items, params) {
  if (items.length === 0) {
    const filtered = FILTERS.some((name) => params.get(name));
    return filtered
      ? empty("No provider matches", "Change or clear the filters above.")
      : empty("There are no providers yet", "On each machine to add, run:", h("code", { class: "block" }, `berth discover --apply ${commandOptions()}`));
  }
  return table({ caption: list.counted("provider"), columns: COLUMNS, rows: items, list });
}

const order = (name, first, last) => ({ [first]: { order: name, reverse: "" }, [last]: { order: name, reverse: "true" } });

const COLUMNS = [
  { label: "Provider", head: true, cell: name, order: order("name", "up", "down") },
  { label: "Place", cell: (each) => (each.parent ? "part of a host" : "host") },
  { label: "Fullest", cell: fullest, order: order("fullest", "down", "up") },
  { label: "Used", cell: (each) => h("span", { class: "amounts" }, Object.entries(each.resources).map(part)) },
  { label: "Generation", numeric: true, cell: (each) => number(each.generation) },
  { label: "Changed", cell: (each) => when(each.updated_at), order: order("changed", "down", "up") },
];

function name(provider) {
  const link = providerLink(provider.uuid, provider.name);
  if (!provider.drain) return link;
  const { by, why } = provider.drain;
  return h("span", {}, link, " ", h("span", { class: "chip", title: `drained by ${by}${why ? `: ${why}` : ""}` }, "drained"));
}

function part([name, room]) {
  return h("span", { class: "amount" }, `${amount(name, room.used)} of ${amount(name, room.capacity)} `, h("small", {}, name));
}

function fullest(provider) {
  const rooms = Object.entries(provider.resources).map(([name, room]) => ({ name, ...room }));
  rooms.sort((one, other) => (share(other.used, other.capacity) ?? -1) - (share(one.used, one.capacity) ?? -1));
  if (rooms.length === 0) return "has nothing";
  const [most] = rooms;
  const plain = most.capacity === 1 && most.used <= 1;
  return meter({ ...most, plain, pending: provider.pending[most.name], label: `${most.name} of ${provider.name}` });
}
