/** What is called so: hosts and devices, racks and other aggregates, projects, users, consumers, traits and classes. */

import { Refused, get, send } from "../api.js";
import { fill, h } from "../dom.js";
import { plural } from "../format.js";
import { aggregateLink, consumerLink, projectLink, providerLink, resources, traitLink } from "../links.js";
import { ownProject } from "../own.js";
import { go, href } from "../router.js";
import { may } from "../session.js";
import { empty } from "../table.js";

const MOST = 12;

export const page = { title: "Search", live: false, show };

async function show(view) {
  const region = h("div");
  view.root.append(region);
  return async () => {
    const q = (view.params.get("q") || "").trim();
    view.entitle(q ? `“${q}”` : "Search");
    if (!q) return fill(region, empty("Enter a search", "Enter a name, or a part of it, above. The key / opens the search."));
    const ask = (path, query, operation) => (may(operation) ? get(path, query, { signal: view.signal }).catch(nothing) : NONE);
    const exact = await exactly(q, view.signal);
    if (exact.items.length === 1) return go(href("provider", exact.items[0].uuid), { replace: true });
    fill(region, drawn(q, await everything(q, ask)));
  };
}

const NONE = { items: [] };

/** The provider with exactly this name, which is found at once however many there are. */
async function exactly(name, signal) {
  return may("providers.list") ? send("POST", "/providers/query", { name }, { signal }).catch(nothing) : NONE;
}

/** What is not there, or not to be seen, is no failure of a search. */
function nothing(error) {
  if (error instanceof Refused && [400, 403, 404].includes(error.status)) return NONE;
  throw error;
}

async function everything(q, ask) {
  const one = (path, operation) => ask(path, {}, operation).then((value) => (value === NONE ? [] : [value]));
  const uuid = /^[0-9a-f]{8}-?[0-9a-f-]{0,27}$/i.test(q);
  const whole = /^[0-9a-f-]{32,36}$/i.test(q);
  const [named, byUuid, users, notes, consumers, projects, aggregates, traits, classes] = await Promise.all([
    ask("/providers", { name: q, limit: MOST }, "providers.list"),
    uuid ? ask("/providers", { uuid: q.toLowerCase(), limit: MOST }, "providers.list") : NONE,
    may("projects.list") ? ask("/consumers", { user: q, order: "oldest", limit: MOST }, "consumers.list") : NONE,
    ask("/consumers", { q, project: ownProject(), order: "oldest", limit: MOST }, "consumers.list"),
    whole ? one(`/consumers/${encodeURIComponent(q)}`, "consumers.show") : [],
    ask("/projects", { name: q, totals: false, limit: MOST }, "projects.list"),
    ...["aggregates", "traits", "classes"].map((kind) => ask(`/${kind}`, { name: q }, `${kind}.list`)),
  ]);
  return {
    providers: unique([...named.items, ...byUuid.items]).slice(0, MOST),
    aggregates: aggregates.items.slice(0, MOST),
    projects: projects.items,
    consumers: unique([...consumers, ...notes.items, ...users.items]).slice(0, MOST),
    traits: traits.items.filter(({ providers }) => providers).slice(0, MOST),
    classes: classes.items.filter(({ providers }) => providers).slice(0, MOST),
  };
}

const unique = (items) => [...new Map(items.map((item) => [item.uuid, item])).values()];

/** The name of a consumer, if it has one, and whose it is. */
const owned = ({ name, user, project }) => (name ? `${name}, ${user} (${project})` : `${user} (${project})`);

function drawn(q, { providers, aggregates, projects, consumers, traits, classes }) {
  const parts = [
    part("Hosts and devices", providers, ({ uuid, name }) => providerLink(uuid, name), href("providers", "", { name: q })),
    part("Racks and other aggregates", aggregates, ({ name, label }) => aggregateLink(name, label)),
    part("Projects", projects, (each) => [projectLink(each.project), ` ${plural(each.consumers, "consumer")}`]),
    part("Consumers", consumers, (each) => [consumerLink(each.uuid, owned(each)), " ", resources(each.resources)]),
    part("Traits", traits, ({ name }) => traitLink(name)),
    part("Classes", classes, ({ name }) => h("a", { href: href("fleet", "", { class: name }) }, name)),
  ].filter(Boolean);
  if (parts.length) return parts;
  return empty(
    "Nothing found",
    "Part of a name finds hosts, racks, projects, traits and classes; part of a name or note finds consumers; users need the exact name.",
  );
}

function part(title, items, cell, all = null) {
  if (items.length === 0) return null;
  const more = items.length >= MOST && all ? h("p", {}, h("a", { href: all }, "Show all")) : null;
  return h("section", { class: "section" }, h("h2", {}, title), h("ul", { class: "plain found" }, items.map((each) => h("li", {}, cell(each)))), more);
}
