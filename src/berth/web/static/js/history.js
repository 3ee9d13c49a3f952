/** What was done to a provider or a consumer, out of the records of the audit log. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { moment, plural } from "./format.js";
import { resources } from "./links.js";
import { may } from "./session.js";
import { Growing, empty, table } from "./table.js";

const STEP = 10;

/** A part of a page with the history of one thing; null if we may not see it. kind: providers or consumers. */
export function historyOf(view, kind) {
  if (!may("audit.history")) return null;
  const region = h("div");
  const list = new Growing(region, {
    step: STEP,
    fetched: (page) => get(`/${kind}/${view.id}/history`, page, { signal: view.signal }),
    shown: (items) => shown(items, view.id, kind),
  });
  return { element: h("section", { class: "section" }, h("h2", {}, "History"), region), load: () => list.load() };
}

function shown(records, uuid, kind) {
  if (records.length === 0) return empty("It has no history", "Older records may have been archived.");
  const told = kind === "consumers" ? ofConsumer : ofProvider;
  return table({
    caption: "What was done, newest first",
    columns: [
      { label: "When", cell: (record) => moment(record.at) },
      { label: "What", head: true, cell: (record) => record.operation },
      { label: "By", cell: (record) => record.actor || record.via },
      { label: "Then it was so", cell: (record) => told(record, uuid) },
    ],
    rows: records,
  });
}

function ofConsumer({ after, outcome, why }, uuid) {
  if (outcome !== "done") return `refused (${outcome}): ${why}`;
  const held = Object.values(after?.claims?.[uuid] ?? {});
  if (held.length === 0) return "holds nothing";
  return held.map((amounts) => resources(amounts));
}

/** The facts of a change that are about one provider, in words. */
function ofProvider({ before, after, outcome, why }, uuid) {
  if (outcome !== "done") return `refused (${outcome}): ${why}`;
  const said = [
    ...identity(before, after, uuid),
    inventories(after?.inventories?.[uuid]),
    names("trait", after?.traits?.[uuid]),
    names("aggregate", after?.aggregates?.[uuid]),
    used(after?.used?.[uuid]),
    generation(after?.generations?.[uuid]),
  ].filter(Boolean);
  return said.length ? h("ul", { class: "plain" }, said.map((each) => h("li", {}, each))) : "as before";
}

/** A provider's fact is [id, uuid, name, generation, parent, root, created_at, updated_at]. */
function identity(before, after, uuid) {
  if (after?.gone?.includes(uuid)) return ["deleted"];
  const of = (facts) => facts?.providers?.find((fact) => fact[1] === uuid);
  const [was, is] = [of(before), of(after)];
  if (!is) return [];
  if (!was) return [`made as ${is[2]}`];
  return [was[2] === is[2] ? null : `renamed from ${was[2]} to ${is[2]}`, was[4] === is[4] ? null : "moved in its tree"];
}

function inventories(found) {
  if (!found) return null;
  const entries = Object.entries(found);
  if (entries.length === 0) return "has no inventories";
  return h("span", {}, "has ", resources(Object.fromEntries(entries.map(([name, [total]]) => [name, total]))));
}

function names(what, found) {
  return found ? plural(found.length, what) : null;
}

function used(found) {
  if (!found) return null;
  return h("span", {}, "held: ", Object.keys(found).length ? resources(found) : "nothing");
}

function generation(found) {
  return found === undefined ? null : `generation ${found}`;
}
