/** What needs attention, as a list of sentences with a way to each: the worst first. */

import { textOf } from "./amounts.js";
import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { amount, number, percent, plural, share, until, when } from "./format.js";
import { amounts, consumerLink, providerLink } from "./links.js";
import { href } from "./router.js";
import { may } from "./session.js";
import { drainWords } from "./host/drain.js";
import { ownProject } from "./own.js";

const SHOWN = 5;
const FULL = 0.9;
const HOUR_US = 3_600_000_000;
const MINUTE_MS = 60_000;

/** Put into a region what needs attention. */
export async function needs(view, overview, region) {
  const { signal } = view;
  const [attention, agenda, anomalies, refused, unfit, drained] = await Promise.all([
    get("/fleet/attention", { limit: SHOWN }, { signal }),
    may("consumers.list") ? get("/agenda", { project: ownProject(), until: now() + 24 * HOUR_US, limit: SHOWN }, { signal }) : null,
    may("audit.anomalies") ? get("/audit/anomalies", { since: now() - 24 * HOUR_US }, { signal }) : null,
    may("audit.list") ? get("/audit", { since: now() - HOUR_US, outcome: "403", facts: false, limit: SHOWN }, { signal }) : null,
    may("consumers.list") ? get("/claims/refused", { project: ownProject(), limit: SHOWN }, { signal }) : null,
    overview.drained && may("providers.list") ? get("/providers", { drained: true, limit: SHOWN }, { signal }) : null,
  ]);
  const found = [
    over(attention),
    overdue(agenda?.overdue ?? []),
    full(overview.classes),
    unusual(anomalies?.items ?? []),
    unfitting(unfit),
    forbidden(refused?.items ?? []),
    draining(overview, drained?.items ?? []),
    reserved(attention),
    ending(agenda),
  ].filter(Boolean);
  const nothing = "Nothing: no host is over capacity, and no claim ends within a day.";
  fill(region, found.length ? h("ul", { class: "needs" }, found) : h("p", { class: "well" }, nothing));
}

/** This minute, so that the same is asked for a minute. */
const now = () => Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS * 1000;

function need(kind, title, ...said) {
  return h("li", { class: `need ${kind}` }, h("p", { class: "title" }, title), said);
}

const lines = (items, cell) => h("ul", { class: "plain" }, items.map((each) => h("li", {}, cell(each))));

function over({ over: items, over_count: count }) {
  if (count === 0) return null;
  const cell = ({ host, host_name: name, resource_class: of, used, capacity }) => [
    providerLink(host, name),
    `: ${amount(of, used)} of ${amount(of, capacity)} ${of} held (${percent(share(used, capacity))})`,
  ];
  return need("bad", `Over capacity: ${plural(count, "inventory", "inventories")}`, lines(items, cell), rest(count, items.length));
}

const rest = (count, shown) => (count > shown ? h("p", { class: "quiet" }, `and ${number(count - shown)} more`) : null);

function overdue(leases) {
  if (leases.length === 0) return null;
  const said = lines(leases.slice(0, SHOWN), (each) => `${each.name} (${each.project}): ${plural(each.consumers, "claim")}`);
  return need("bad", `${plural(leases.length, "lease is", "leases are")} overdue`, said, way(href("agenda"), "Agenda"));
}

const way = (to, words) => h("p", {}, h("a", { href: to }, words));

function full(classes) {
  const found = classes.filter(({ used, capacity }) => capacity > 0 && used / capacity >= FULL);
  if (found.length === 0) return null;
  const cell = ({ name, used, capacity }) => [
    h("a", { href: href("fleet", "", { class: name }) }, name),
    ` is ${percent(used / capacity)} used: ${amount(name, Math.max(0, capacity - used))} free`,
  ];
  return need("warn", found.length === 1 ? "A class is nearly full" : "Classes are nearly full", lines(found, cell));
}

function unusual(items) {
  if (items.length === 0) return null;
  const said = lines(items.slice(-SHOWN).reverse(), (each) => each.why);
  return need("warn", `Unusual activity in 24 hours: ${plural(items.length, "finding")}`, said, way(href("audit"), "Audit log"));
}

function unfitting(refused) {
  if (!refused?.count) return null;
  const times = (count) => (count > 1 ? `, ${number(count)} times` : "");
  const cell = ({ at, user, project, asked, why, count }) => [
    `${user} (${project}) asked for `,
    reason(asked),
    `${times(count)}: ${why} `,
    h("small", {}, when(at)),
  ];
  const shown = refused.items.reduce((sum, { count }) => sum + count, 0);
  return need("warn", `Claims refused in the last hour: ${number(refused.count)}`, lines(refused.items, cell), rest(refused.count, shown));
}

/** What was asked for, with a way to why it does not fit. */
function reason(asked) {
  if (!may("candidates.list")) return amounts(asked);
  const resources = textOf(asked);
  return h("a", { href: href("find", "", { q: JSON.stringify({ groups: [{ resources }] }) }) }, amounts(asked));
}

function forbidden(items) {
  if (items.length === 0) return null;
  const who = ({ actor, why }) => (actor && why.startsWith(actor) ? "" : `${actor || "unknown"}: `); // most name the caller
  const cell = (each) => [`${who(each)}${each.why} `, h("small", {}, when(each.at))];
  return need("warn", "Not allowed in the last hour", lines(items, cell), way(href("audit", "", { outcome: "403" }), "Show all"));
}

function draining({ drained: count }, items) {
  if (!count) return null;
  const cell = ({ uuid, name, drain }) => [providerLink(uuid, name), drain ? drainWords(drain) : null];
  return need("note", `Drained: ${plural(count, "provider")}`, lines(items, cell), rest(count, items.length));
}

function reserved({ reserved: items, reserved_count: count }) {
  if (count === 0) return null;
  const hosts = items.flatMap(({ uuid, name }, at) => [at ? ", " : "", providerLink(uuid, name)]);
  return need("note", `Out of use (all reserved): ${plural(count, "host")}`, h("p", {}, hosts), rest(count, items.length));
}

function ending(agenda) {
  if (!agenda?.items.length) return null;
  const cell = ({ in_s: left, event, user, project, held, consumer }) => [
    `in ${until(left)} `,
    event === "lapses" ? "a hold lapses: " : "",
    consumerLink(consumer, user),
    ` (${project}): `,
    amounts(summed(held)),
    held.length ? [" on ", providerLink(held[0].provider, held[0].name)] : null,
  ];
  return need("note", "Ends within a day", lines(agenda.items, cell), way(href("agenda"), "Agenda"));
}

function summed(held) {
  const total = {};
  for (const { resources } of held) for (const [name, value] of Object.entries(resources)) total[name] = (total[name] ?? 0) + value;
  return total;
}
