/** What was done to a provider or a consumer, out of the records of the audit log. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { moment, plural } from "./format.js";
import { Growing } from "./growing.js";
import { amounts, ownerName } from "./links.js";
import { may } from "./session.js";
import { empty, table } from "./table.js";

const STEP = 10;
const MOST_CLAIMS = 3;
const MOST_NAMED = 5;

/** A part of a page with the history of one thing, loaded by its uuid; null if we may not see it. kind: providers or consumers. */
export function historyOf(view, kind) {
  if (!may("audit.history")) return null;
  const region = h("div");
  let uuid = view.id;
  const list = new Growing(region, {
    step: STEP,
    fetched: (page) => get(`/${kind}/${uuid}/history`, page, { signal: view.signal }),
    shown: (items) => shown(list, items, uuid, kind),
    columns: () => columns(uuid, kind),
  });
  const load = (of = view.id) => ((uuid = of), list.load());
  return { element: h("section", { class: "section" }, h("h2", {}, "History"), region), load };
}

function shown(list, records, uuid, kind) {
  if (records.length === 0) return empty("No history", "Older records may have been archived.");
  return table({ caption: "What was done, newest first", columns: columns(uuid, kind), rows: records, list });
}

function columns(uuid, kind) {
  const told = kind === "consumers" ? ofConsumer : ofProvider;
  return [
    { label: "When", head: true, cell: (record) => moment(record.at) },
    { label: "What happened", cell: (record) => h("div", { class: "sentence", title: record.operation }, told(record, uuid)) },
    { label: "By", cell: (record) => record.actor || record.via },
  ];
}

function ofConsumer(record, uuid) {
  if (record.outcome !== "done") return `refused (${record.outcome}): ${record.why}`;
  return claim(record, uuid, Object.values) ?? called(record.after?.consumer_names?.[uuid]) ?? "holds nothing";
}

/** What a consumer is called from a record on, by its [name, note]; null if the record does not say. */
function called(named) {
  if (!named) return null;
  const [name, note] = named;
  return `${name ? `named ${name}` : "without a name"}, ${note ? `with the note: ${note}` : "without a note"}`;
}

/** What became of one consumer's claim, in words. parts: the amounts that count, of amounts by provider. */
function claim({ before, after, actor, via }, uuid, parts) {
  const [had, has] = [before, after].map((facts) => parts(facts?.claims?.[uuid] ?? {}).map(amounts));
  const [earlier, owner] = [before?.owners?.[uuid], after?.owners?.[uuid]];
  if (has.length === 0) {
    if (had.length === 0) return null;
    return h("span", {}, had, ` of ${ownerName(earlier ?? owner)}, released by ${actor || via}`);
  }
  if (had.length === 0) return h("span", {}, `${ownerName(owner)} claimed `, has);
  if (earlier) return h("span", {}, `${ownerName(owner)} took over `, has, ` from ${ownerName(earlier)}`);
  return h("span", {}, `${ownerName(owner)} now holds `, has);
}

/** What became of the claims that are about a provider: each in words, or only how many there are. */
function claims(record, uuid) {
  const here = (held) => (held[uuid] ? [held[uuid]] : []);
  const said = Object.keys(record.after?.claims ?? {}).map((consumer) => claim(record, consumer, here)).filter(Boolean);
  return said.length > MOST_CLAIMS ? [plural(said.length, "consumer")] : said;
}

/** The facts of a change that are about one provider, in words. */
function ofProvider(record, uuid) {
  const { before, after, outcome, why } = record;
  if (outcome !== "done") return `refused (${outcome}): ${why}`;
  const said = [
    ...identity(before, after, uuid),
    inventories(after?.inventories?.[uuid]),
    names("trait", after?.traits?.[uuid]),
    names("aggregate", after?.aggregates?.[uuid]),
    ...claims(record, uuid),
  ].filter(Boolean);
  if (said.length === 0 && after?.used?.[uuid]) said.push(used(after.used[uuid]));
  return said.length ? h("ul", { class: "plain" }, said.map((each) => h("li", {}, each))) : "nothing changed";
}

/** A provider's fact is [id, uuid, name, generation, parent, root, created_at, updated_at]. */
function identity(before, after, uuid) {
  if (after?.gone?.includes(uuid)) return ["deleted"];
  const of = (facts) => facts?.providers?.find((fact) => fact[1] === uuid);
  const [was, is] = [of(before), of(after)];
  if (!is) return [];
  if (!was) return [`created as ${is[2]}`];
  return [was[2] === is[2] ? null : `renamed from ${was[2]} to ${is[2]}`, was[4] === is[4] ? null : "moved to another parent"];
}

function inventories(found) {
  if (!found) return null;
  const entries = Object.entries(found);
  if (entries.length === 0) return "no inventory";
  return h("span", {}, "inventory: ", amounts(Object.fromEntries(entries.map(([name, [total]]) => [name, total]))));
}

function names(what, found) {
  if (!found) return null;
  const known = found.filter((name) => !/^[0-9a-f]{8}-/.test(name)).slice(0, MOST_NAMED);
  const rest = found.length - known.length;
  return `${plural(found.length, what)}${known.length ? `: ${known.join(", ")}${rest ? ` and ${rest} more` : ""}` : ""}`;
}

function used(found) {
  if (!found) return null;
  return h("span", {}, "held: ", Object.keys(found).length ? amounts(found) : "nothing");
}
