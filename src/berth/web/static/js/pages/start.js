/** Start: what needs a person, how full the fleet is and was, who holds the most, what was done last. */

import { get } from "../api.js";
import { card } from "../capacity.js";
import { fill, h } from "../dom.js";
import { feed } from "../feed.js";
import { emptyLedger } from "../empty.js";
import { choice, filters, follow } from "../fields.js";
import { amount, plural, share, when } from "../format.js";
import { projectLink } from "../links.js";
import { Hosts } from "../map/hosts.js";
import { meter } from "../meter.js";
import { namesOf } from "../names.js";
import { needs } from "../needs.js";
import { changed, go, href } from "../router.js";
import { sentence } from "../sentences.js";
import { may } from "../session.js";
import { empty, table } from "../table.js";
import { passing } from "../words.js";

const MOST_CLASSES = 8;
const USERS = 8;
const CHANGES = 8;
const HALF_AN_HOUR_MS = 1_800_000;
const A_MINUTE_MS = 60_000;

export const page = { title: "Start", needs: "fleet.show", show };

async function show(view) {
  const parts = { needs: h("div"), totals: h("div"), users: h("div"), changes: h("div"), said: h("div"), trends: null, again: 0 };
  parts.hosts = new Hosts(view);
  parts.form = filters(
    { label: "Of which class", changed: (given) => go(changed(given)) },
    choice({ label: "Of class", name: "class", options: [["", "the fullest class"]] }),
  );
  parts.sections = h(
    "div",
    {},
    section("Needs attention", parts.needs),
    section("Capacity and use", parts.totals, parts.said),
    h(
      "div",
      { class: "columns" },
      may("projects.list") ? section("Largest users", parts.form, parts.users) : null,
      may("changes.list") ? section("Last changes", parts.changes) : null,
    ),
    parts.hosts.element,
  );
  view.root.append(parts.sections);
  return () => load(view, parts);
}

function section(title, ...children) {
  return h("section", { class: "section" }, h("h2", {}, title), children);
}

async function load(view, parts) {
  const { signal } = view;
  const overview = await get("/fleet", {}, { signal });
  if (overview.providers === 0) {
    fill(view.root, h("p", { class: "said" }, "There are no providers yet."), emptyLedger());
    return;
  }
  if (!parts.sections.isConnected) fill(view.root, parts.sections);
  const chosen = classOf(view.params, overview);
  draw(parts, overview);
  follow(parts.form, new URLSearchParams({ class: view.params.get("class") || "" }));
  await Promise.all([needs(view, overview, parts.needs), users(view, parts, chosen, overview), last(view, parts), parts.hosts.load(overview, signal)]);
  trends(view, parts, overview);
}

function draw(parts, { classes }) {
  const shown = classes.slice(0, MOST_CLASSES);
  fill(parts.totals, h("ul", { class: "cards" }, shown.map((each) => card(each, parts.trends))));
  const select = parts.form.querySelector("select");
  const known = [...select.options].map((option) => option.value);
  for (const { name } of classes) if (!known.includes(name)) select.append(h("option", { value: name }, name));
}

/** The class that is asked for, else the fullest one. */
function classOf(params, { classes }) {
  const asked = params.get("class");
  if (classes.some(({ name }) => name === asked)) return asked;
  const full = (of) => share(of.used, of.capacity) ?? -1;
  return classes.reduce((most, each) => (full(each) > full(most) ? each : most), classes[0])?.name ?? "";
}

/** The lines come when they are there: the log may be long. Read again when their last half hour is over. */
async function trends(view, parts, overview) {
  if (Date.now() < parts.again) return;
  parts.again = Date.now() + HALF_AN_HOUR_MS;
  try {
    parts.trends = await get("/fleet/trends", {}, { signal: view.closed.signal });
    if (!parts.trends.complete) parts.again = Date.now() + A_MINUTE_MS;
    fill(parts.said, cautions(parts.trends));
    draw(parts, overview);
  } catch (error) {
    if (passing(error)) parts.again = Date.now() + A_MINUTE_MS;
    if (error.name !== "AbortError") fill(parts.said, h("p", { class: "quiet" }, `The history of use is not available: ${error.message}`));
  }
}

function cautions({ damaged }) {
  if (!damaged) return null;
  return h("p", { class: "problem", role: "note" }, `The lines have gaps: ${plural(damaged, "entry", "entries")} of the change log cannot be read.`);
}

async function users(view, parts, name, { classes }) {
  if (!may("projects.list")) return;
  const { capacity } = classes.find((each) => each.name === name) ?? { capacity: 0 };
  const { items } = await get("/users", { class: name, limit: USERS }, { signal: view.signal });
  if (items.length === 0) {
    fill(parts.users, empty(`No user holds ${name}`));
    return;
  }
  const columns = [
    { label: "User", head: true, cell: (each) => h("a", { href: href("consumers", "", { project: each.project, user: each.user, class: name }) }, each.user) },
    { label: "Project", cell: (each) => projectLink(each.project) },
    { label: name, numeric: true, cell: (each) => amount(name, each.amount) },
    { label: "Share", cell: (each) => meter({ name, used: each.amount, capacity, label: `${name} of ${each.user}`, plain: true }) },
  ];
  fill(parts.users, table({ caption: `Users by ${name}, of ${amount(name, capacity)} in total`, columns, rows: items }));
}

async function last(view, parts) {
  if (!may("changes.list")) return;
  const after = Math.max(0, feed.head - CHANGES);
  const { items } = await get("/changes/brief", { after, limit: CHANGES }, { signal: view.signal }).catch(gone);
  const changes = items.toReversed();
  const names = may("providers.list") ? await namesOf(changes.flatMap((each) => each.providers.first), { signal: view.signal }) : new Map();
  const rows = changes.map((each) => h("li", {}, h("span", {}, sentence(each, names)), " ", h("small", {}, when(each.at))));
  fill(
    parts.changes,
    rows.length ? h("ol", { class: "news" }, rows) : empty("Nothing has changed yet"),
    h("p", {}, h("a", { href: href("changes") }, "All changes")),
  );
}

/** What was before may be in an archive. */
function gone(error) {
  if (error.type !== "changes-gone") throw error;
  return { items: [] };
}

