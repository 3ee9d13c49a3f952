/** Agenda: leases that are overdue, then what ends and lapses next. A reader sees those of their own project. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { choice, field, filters, follow } from "../fields.js";
import { moment, number, until } from "../format.js";
import { Growing } from "../growing.js";
import { amounts, consumerLink, projectLink, providerLink } from "../links.js";
import { changed, go } from "../router.js";
import { empty, table } from "../table.js";
import { ownProject } from "../own.js";

const HOUR = 3600;
const SPANS = [
  ["", "At any time"],
  [String(HOUR), "Within an hour"],
  [String(24 * HOUR), "Within a day"],
  [String(7 * 24 * HOUR), "Within a week"],
];
const EVENTS = { ends: "ends", lapses: "lapses if not confirmed" };

export const page = { title: "Agenda", needs: "consumers.list", show };

async function show(view) {
  const silent = h("div");
  const region = h("div");
  const own = ownProject();
  const form = filters(
    { label: "Filters", changed: (given) => go(changed(given)) },
    choice({ label: "When", name: "within", options: SPANS }),
    field({ label: "Project", name: "project", type: "search", ...(own ? { value: own, readonly: true } : {}) }),
  );
  view.root.append(form, silent, region);
  const list = new Growing(region, {
    fetched: async (page) => {
      const found = await get("/agenda", { ...asked(view.params, own), ...page }, { signal: view.signal });
      if (page.after === null) silent.replaceChildren(...overdue(found));
      return found;
    },
    shown: (items) => shown(list, items, view.params),
    columns: () => COLUMNS,
  });
  let last = null;
  return async () => {
    follow(form, new URLSearchParams({ ...Object.fromEntries(view.params), ...(own ? { project: own } : {}) }));
    if (last !== null && last !== view.params.toString()) list.reset();
    last = view.params.toString();
    await list.load();
  };
}

function asked(params, own) {
  const within = Number(params.get("within"));
  return { project: own || params.get("project"), until: within > 0 ? (Math.ceil(Date.now() / 1000) + within) * 1_000_000 : null };
}

/** Return a table of the leases that are overdue; nothing if there are none. */
function overdue({ overdue: leases, now }) {
  if (leases.length === 0) return [];
  return [
    table({
      caption: `${number(leases.length)} ${leases.length === 1 ? "lease is" : "leases are"} overdue`,
      columns: [
        { label: "Ends in", head: true, cell: (each) => until(Math.floor((each.ends_at - now) / 1_000_000)), value: (each) => each.ends_at },
        { label: "Lease", cell: (each) => each.name },
        { label: "Then", cell: (each) => (each.on_end === "release" ? "its claims are released" : "its claims go on") },
        { label: "Claims", cell: (each) => number(each.consumers) },
        { label: "Project", cell: (each) => projectLink(each.project) },
        { label: "Deadline", cell: (each) => moment(each.deadline) },
      ],
      rows: leases,
    }),
  ];
}

function shown(list, items, params) {
  if (items.length === 0) {
    const filtered = params.get("within") || params.get("project");
    return empty(
      filtered ? "Nothing ends in this time" : "No claim has an end",
      filtered ? "Change or clear the filters above." : "Claims made with berth claim --for 7d, and holds, appear here.",
    );
  }
  return table({ caption: `${list.counted("claim")}, the earliest first`, columns: COLUMNS, rows: items, list });
}

const COLUMNS = [
  { label: "In", head: true, cell: (each) => until(each.in_s), value: (each) => each.in_s },
  { label: "What", cell: (each) => EVENTS[each.event] },
  { label: "At", cell: (each) => moment(each.at) },
  { label: "Frees", cell: (each) => each.held.map(free) },
  { label: "Project", cell: (each) => projectLink(each.project) },
  { label: "User", cell: (each) => each.user },
  { label: "Consumer", cell: (each) => consumerLink(each.consumer, each.name) },
];

function free({ provider, name, resources: held }) {
  return h("div", {}, amounts(held), " of ", providerLink(provider, name));
}
