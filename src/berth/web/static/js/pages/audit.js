/** Audit: who did what, and who tried to, with what was before and after; to look through and to take away. */

import { all, get } from "../api.js";
import { announce, fill, fresh, h } from "../dom.js";
import { csv, download } from "../download.js";
import { choice, field, filters, follow } from "../fields.js";
import { moment, number, plural } from "../format.js";
import { Growing } from "../growing.js";
import { namesOf } from "../names.js";
import { changed, go, href } from "../router.js";
import { recorded } from "../sentences.js";
import { may } from "../session.js";
import { empty, facts, table } from "../table.js";
import { box } from "../words.js";

const MOST_DOWNLOADED = 100_000;
const FILTERS = ["actor", "operation", "outcome", "provider", "consumer"];
const OUTCOMES = [
  ["", "All"],
  ["done", "Done"],
  ["401", "Refused: not authenticated (401)"],
  ["403", "Refused: not allowed (403)"],
  ["413", "Refused: too large (413)"],
  ["414", "Refused: address too long (414)"],
  ["429", "Refused: too many requests (429)"],
  ["431", "Refused: headers too large (431)"],
];
const UUID = /^[0-9a-f-]{32,36}$/i;
const COLUMNS = [
  "number", "at", "actor", "via", "user", "project", "roles", "address",
  "operation", "target", "outcome", "why", "change", "request", "hash",
];

export const page = { title: "Audit", needs: "audit.list", live: false, show };

async function show(view) {
  const names = new Map();
  const region = h("div");
  const said = h("div", { role: "status" });
  const form = filters(
    { label: "Which records", changed: (given) => go(changed(given)) },
    field({ label: "Who", name: "actor", type: "search", placeholder: "exact name" }),
    field({ label: "Operation", name: "operation", type: "search", placeholder: "SetAllocations" }),
    choice({ label: "Outcome", name: "outcome", options: OUTCOMES }),
    field({ label: "Provider", name: "provider", type: "search", placeholder: "host or device" }),
    field({ label: "Consumer", name: "consumer", type: "search", placeholder: "its uuid" }),
    field({ label: "Since", name: "since", type: "datetime-local" }),
    field({ label: "Until", name: "until", type: "datetime-local" }),
  );
  view.root.append(form, downloads(view, said), said, region);
  const list = new Growing(region, {
    fetched: async (page) => {
      const found = await get("/audit", { ...(await asked(view)), summary: true, ...page }, { signal: view.signal });
      await learn(names, found.items, view.signal);
      return found;
    },
    shown: (items) => (items.length ? shown(view, list, items, names) : empty("No record matches", "Change or clear the filters above.")),
  });
  let last = null;
  return async () => {
    follow(form, view.params);
    if (last !== view.params.toString()) list.reset();
    last = view.params.toString();
    await list.load();
  };
}

/** The log knows uuids only: the name of a provider is looked up. */
async function asked({ params, signal }) {
  const query = Object.fromEntries(FILTERS.map((name) => [name, params.get(name)]));
  const named = query.provider && !UUID.test(query.provider);
  if (named) query.provider = (await get(`/providers/${encodeURIComponent(query.provider)}`, {}, { signal })).uuid;
  return { ...query, since: microseconds(params.get("since")), until: microseconds(params.get("until")) };
}

/** A moment of this place's clock in microseconds since 1970. */
function microseconds(text) {
  const at = text ? new Date(text).getTime() : NaN;
  return Number.isNaN(at) ? null : at * 1000;
}

/** What the providers of these records are called. */
async function learn(names, records, signal) {
  if (!may("providers.list")) return;
  const uuids = records.flatMap(({ summary }) => summary?.providers.first ?? []);
  for (const [uuid, name] of await namesOf(uuids, { signal })) names.set(uuid, name);
}

function shown(view, list, items, names) {
  return table({
    caption: list.whole ? `${plural(items.length, "record")}, newest first` : `The newest ${plural(items.length, "record")}`,
    saved: false,
    sorted: false,
    columns: [
      { label: "Number", numeric: true, head: true, cell: (each) => opener(view, each) },
      { label: "When", cell: (each) => moment(each.at) },
      { label: "What happened", cell: (each) => h("div", { class: "sentence", title: each.operation }, recorded(each, names)) },
      { label: "Outcome", cell: outcome },
      { label: "Who", cell: who },
    ],
    rows: items,
  });
}

function who({ actor, via, address, roles }) {
  return [actor || "unknown", h("div", {}, h("small", {}, [via, address, roles.join(" ")].filter(Boolean).join(" · ")))];
}

function outcome({ outcome: said, why }) {
  if (said === "done") return "done";
  return [h("strong", { class: "removed" }, `refused ${said}`), h("div", { class: "reason" }, why)];
}

/** The number of a record, which opens what is known of a record, in a row below it, as wide as the table. */
function opener(view, record) {
  const id = fresh("record");
  const which = number(record.number);
  const clicked = async () => {
    const row = button.closest("tr");
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) {
      row.nextElementSibling.remove();
      return;
    }
    const region = h("div", { class: "record" }, h("p", { class: "quiet" }, "Reading…"));
    row.after(h("tr", { id, class: "below", role: "row" }, h("td", { role: "cell", colspan: row.cells.length }, region)));
    try {
      const { items } = await get("/audit", { after: record.number + 1, limit: 1 }, { signal: view.closed.signal });
      fill(region, details(record, items[0]));
    } catch (error) {
      fill(region, box(error));
    }
  };
  const of = { type: "button", class: "opener", "aria-label": `Details of record ${which}`, "aria-expanded": "false", "aria-controls": id };
  const button = h("button", { ...of, "data-key": `record-${record.number}`, on: { click: clicked } }, which);
  return button;
}

/** What was before and after, read when it is looked at: it may be much. */
function details({ number: which, operation, target, request, change, hash }, states) {
  const known = [
    ["Operation", h("code", {}, operation || "unknown")],
    target ? ["Target", h("code", {}, target)] : null,
    change === null ? null : ["Change", number(change)],
    request ? ["Request", h("code", {}, request)] : null,
    ["Hash", h("code", {}, hash)],
  ];
  return [facts(known), h("div", { class: "states" }, part(which, "Before", states?.before), part(which, "After", states?.after))];
}

const MOST_CHARACTERS = 20_000;

function part(which, title, state) {
  if (!state) return null;
  const text = JSON.stringify(state, null, 1);
  const rest = text.length > MOST_CHARACTERS ? `\n… and ${number(text.length - MOST_CHARACTERS)} characters more: the JSON file has them all` : "";
  const name = `${title} record ${number(which)}`;
  const told = h("pre", { tabindex: "0", role: "region", "aria-label": name }, text.slice(0, MOST_CHARACTERS) + rest);
  return h("div", {}, h("p", { class: "title" }, title), told);
}

function downloads(view, said) {
  const buttons = [
    ["CSV", { facts: false }, (records) => download("berth-audit.csv", "text/csv;charset=utf-8", csv(COLUMNS, records.map(row)))],
    ["JSON", {}, (records) => download("berth-audit.json", "application/json", JSON.stringify(records, null, 1))],
  ].map(([name, more, save]) => {
    const button = h("button", { type: "button", on: { click: () => take(view, said, button, { name, more, save }) } }, `Download as ${name}`);
    return button;
  });
  const again = h("button", { type: "button", on: { click: () => view.refresh() } }, "Refresh");
  const tokens = may("tokens.list") ? h("a", { href: href("tokens") }, "API tokens") : null;
  return h("div", { class: "actions" }, again, buttons, tokens);
}

/** Every record that the filters let through goes into the file, not only those that are shown. */
async function take(view, said, button, { name, more, save }) {
  button.disabled = true;
  const told = (count) => fill(said, h("p", { class: "said" }, `${plural(count, "record")} read…`));
  try {
    const options = { signal: view.closed.signal, most: MOST_DOWNLOADED, told };
    const query = await asked({ params: view.params, signal: view.closed.signal });
    const records = await all("/audit", { ...query, ...more }, options);
    save(records);
    const rest = records.length >= MOST_DOWNLOADED ? ". There may be more: berth audit list has no limit" : "";
    fill(said, h("p", { class: "said" }, `${plural(records.length, "record")} in the ${name} file${rest}.`));
    announce(`Downloaded as ${name}`);
  } catch (error) {
    if (error.name !== "AbortError") fill(said, box(error));
  }
  button.disabled = false;
}

function row(record) {
  const told = { ...record, at: new Date(record.at / 1000).toISOString(), roles: record.roles.join(" ") };
  return COLUMNS.map((name) => told[name]);
}
