/** Consumers: who holds something, the largest or oldest first. A reader sees those of their own project. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { choice, field, filters, follow } from "../fields.js";
import { when } from "../format.js";
import { Growing } from "../growing.js";
import { endsColumn } from "../life.js";
import { ownProject } from "../own.js";
import { consumerLink, nameColumn, projectLink, resources } from "../links.js";
import { changed, go } from "../router.js";
import { may } from "../session.js";
import { empty, table } from "../table.js";

const FILTERS = ["q", "project", "user", "type", "provider", "class", "state", "due"];
const STATES = [
  ["", "any"],
  ["pending", "Pending"],
  ["confirmed", "Confirmed"],
  ["overdue", "Lease overdue"],
];
const DUE = [
  ["", "any time"],
  ["3600", "Within an hour"],
  ["86400", "Within a day"],
  ["604800", "Within a week"],
];
const ORDERS = [
  ["largest", "Largest first"],
  ["oldest", "Oldest first"],
  ["uuid", "By uuid"],
];

export const page = { title: "Consumers", needs: "consumers.list", show };

async function show(view) {
  const classes = may("classes.list") ? (await get("/classes")).items.filter((item) => item.providers) : [];
  const region = h("div");
  const own = ownProject();
  const form = filters(
    { label: "Which consumers", changed: (given) => go(changed(given)) },
    choice({ label: "Order", name: "order", options: ORDERS }),
    field({ label: "Name or note", name: "q", type: "search", placeholder: "a part of it" }),
    choice({ label: "Of class", name: "class", options: classChoices(classes) }),
    field({ label: "Project", name: "project", type: "search", ...(own ? { value: own, readonly: true } : {}) }),
    field({ label: "User", name: "user", type: "search" }),
    field({ label: "Type", name: "type", type: "search" }),
    field({ label: "Provider", name: "provider", type: "search", placeholder: "host or device" }),
    choice({ label: "State", name: "state", options: STATES }),
    choice({ label: "Ends", name: "due", options: DUE }),
  );
  const note = own ? h("p", { class: "quiet" }, `You see only claims of your own project, ${own}.`) : null;
  view.root.append(...[note, form, region].filter(Boolean));
  const list = new Growing(region, {
    fetched: (page) => get("/consumers", { ...asked(view.params, classes), ...page }, { signal: view.signal }),
    shown: (items) => shown(list, items, view.params, asked(view.params, classes).class),
    columns: () => columns(null, ""),
    ordered: (order) => go(changed(order)),
    given: () => ({ order: view.params.get("order") || "largest" }),
  });
  let last = null;
  return async () => {
    const { order, class: name } = asked(view.params, classes);
    follow(form, new URLSearchParams({ ...Object.fromEntries(view.params), order, class: name ?? "", ...(own ? { project: own } : {}) }));
    if (last !== null && last !== view.params.toString()) list.reset();
    last = view.params.toString();
    await list.load();
  };
}

function classChoices(classes) {
  return [["", classes.length ? "Any class" : "VCPU"], ...classes.map(({ name }) => [name, name])];
}

/** The largest of something needs a class: VCPU, or the first that there is. */
function asked(params, classes) {
  const order = params.get("order") || "largest";
  const first = classes.find(({ name }) => name === "VCPU") ?? classes[0] ?? { name: "VCPU" };
  const query = Object.fromEntries(FILTERS.map((name) => [name, params.get(name)]));
  return { ...query, project: ownProject() || query.project, order, class: query.class || (order === "largest" ? first.name : null) };
}

function shown(list, items, params, name) {
  if (items.length === 0) {
    const filtered = FILTERS.some((name) => params.get(name));
    return empty(
      filtered ? "No consumer matches" : "There are no claims",
      filtered ? "Change or clear the filters above." : "Claims made with “Find”, berth claim or the API appear here.",
    );
  }
  return table({ caption: list.counted("consumer"), columns: columns(items, name), rows: items, list });
}

/** items: null for the columns of any; name: the class by which what they hold is sorted, of all classes together if there is none. */
function columns(items, name) {
  const held = ({ resources: of }) => (name ? (of[name] ?? 0) : Object.values(of).reduce((sum, amount) => sum + amount, 0));
  return [
    { label: "User", head: true, cell: (each) => consumerLink(each.uuid, each.user) },
    ...nameColumn(items, "uuid", "name"),
    { label: "Project", cell: (each) => projectLink(each.project) },
    { label: "Holds in total", cell: (each) => resources(each.resources), value: held, order: { down: { order: "largest" } } },
    { label: "Type", cell: (each) => each.type ?? "unknown" },
    { label: "Changed", cell: (each) => when(each.updated_at) },
    ...endsColumn(items),
    { label: "Consumer", cell: (each) => consumerLink(each.uuid), value: (each) => each.uuid, order: { up: { order: "uuid" } } },
  ];
}
