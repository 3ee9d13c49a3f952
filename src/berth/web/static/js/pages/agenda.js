/** Agenda: the claims that end and the holds that lapse next. A reader sees those of their own project. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { choice, field, filters, follow } from "../fields.js";
import { moment, number, until } from "../format.js";
import { consumerLink, projectLink, providerLink, resources } from "../links.js";
import { changed, go } from "../router.js";
import { Growing, empty, table } from "../table.js";
import { ownProject } from "./consumers.js";

const HOUR = 3600;
const SPANS = [
  ["", "At any time"],
  [String(HOUR), "Within an hour"],
  [String(24 * HOUR), "Within a day"],
  [String(7 * 24 * HOUR), "Within a week"],
];
const EVENTS = { ends: "ends", lapses: "lapses unless confirmed" };

export const page = { title: "Agenda", needs: "consumers.list", show };

async function show(view) {
  const region = h("div");
  const own = ownProject();
  const form = filters(
    { label: "What ends", changed: (given) => go(changed(given)) },
    choice({ label: "When", name: "within", options: SPANS }),
    field({ label: "Project", name: "project", type: "search", ...(own ? { value: own, readonly: true } : {}) }),
  );
  view.root.append(form, region);
  const list = new Growing(region, {
    fetched: (page) => get("/agenda", { ...asked(view.params, own), ...page }, { signal: view.signal }),
    shown: (items) => shown(items, view.params),
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

function shown(items, params) {
  if (items.length === 0) {
    const filtered = params.get("within") || params.get("project");
    return empty(
      filtered ? "Nothing ends then" : "No claim has an end",
      filtered ? "Change or clear the filters above." : "Claims made with berth claim --for 7d, and holds, appear here.",
    );
  }
  return table({
    caption: `${number(items.length)} shown, the earliest first`,
    columns: [
      { label: "In", head: true, cell: (each) => until(each.in_s) },
      { label: "What", cell: (each) => EVENTS[each.event] },
      { label: "At", cell: (each) => moment(each.at) },
      { label: "Free then", cell: (each) => each.held.map(free) },
      { label: "Project", cell: (each) => projectLink(each.project) },
      { label: "User", cell: (each) => each.user },
      { label: "Consumer", cell: (each) => consumerLink(each.consumer) },
    ],
    rows: items,
  });
}

function free({ provider, name, resources: amounts }) {
  return h("div", {}, resources(amounts), " of ", providerLink(provider, name));
}
