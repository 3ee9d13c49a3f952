/** Candidates: where a request fits, host by host, on the map, and as the command and the calls that ask the same. */

import { get } from "../api.js";
import { copyButton } from "../copy.js";
import { fresh, h } from "../dom.js";
import { plural } from "../format.js";
import { textOf } from "../growing.js";
import { providerLink, resources } from "../links.js";
import { FleetMap, cellsOf } from "../map/map.js";
import { legend } from "../meter.js";
import { go, href } from "../router.js";
import { may } from "../session.js";
import { table } from "../table.js";
import { commandOf, quoted } from "./command.js";

const SHARES = "MISC_SHARES_VIA_AGGREGATE";
const MOST_MARKED = 500;

/**
 * The candidates as a table, a row for each host. names: of providers, by uuid; claimed: called with the one that is to be
 * claimed; null if we may not.
 */
export function listed(found, names, claimed) {
  const named = (candidate) => new Map([...names, ...Object.entries(candidate.names)]);
  const candidates = found.candidates.map((candidate, at) => ({ candidate, at: at + 1, names: named(candidate) }));
  const hosts = Object.entries(Object.groupBy(candidates, ({ candidate }) => hostOf(candidate, found)));
  const more = found.bounded ? "; the search reached its limit, so there may be more" : "";
  const element = table({
    caption: `${plural(candidates.length, "candidate")} on ${plural(hosts.length, "host")}${more}`,
    sorted: false,
    saved: () => file(hosts),
    columns: [
      { label: "Host", head: true, cell: ([uuid, ways]) => providerLink(uuid, nameOf(uuid, ways)) },
      { label: "Ways", cell: ([, ways]) => (ways.length > 1 ? opener(ways, claimed) : "1 way") },
      { label: "Takes", cell: ([, [first]]) => takes(first) },
      ...(candidates.some(isGrouped) ? [{ label: "Groups", cell: ([, [first]]) => groups(first) }] : []),
      ...(claimed ? [{ label: "Claim", act: true, cell: ([, [first]]) => claim(first, claimed) }] : []),
    ],
    rows: hosts,
  });
  element.addEventListener("keydown", walk);
  return element;
}

/** Whether there is more to say of groups than what is taken. */
const isGrouped = ({ candidate }) => Object.keys(candidate.mappings).some((suffix) => suffix !== "");

/** The host of a candidate: the root of what it takes from, but of what shares with many hosts only if there is nothing else. */
const hostOf = ({ allocations }, { summaries }) => {
  const uuids = Object.keys(allocations);
  const own = uuids.find((uuid) => !summaries[uuid]?.traits?.includes(SHARES)) ?? uuids[0];
  return summaries[own]?.root ?? own;
};

const nameOf = (uuid, ways) => ways[0].names.get(uuid);

/** The number of ways to fit on a host, which opens a list of them below its row. */
function opener(ways, claimed) {
  const id = fresh("ways");
  const clicked = () => {
    const row = button.closest("tr");
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) row.nextElementSibling.remove();
    else row.after(h("tr", { id, class: "below", role: "row" }, h("td", { role: "cell", colspan: row.cells.length }, listOf(ways, claimed))));
  };
  const of = { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": id, "data-key": `ways-${ways[0].at}` };
  const button = h("button", { ...of, on: { click: clicked } }, plural(ways.length, "way"));
  return button;
}

const listOf = (ways, claimed) => h("ol", { class: "ways" }, ways.map((each) => way(each, claimed)));

function way(each, claimed) {
  const parts = [h("div", {}, takes(each)), isGrouped(each) ? h("div", {}, groups(each)) : null];
  return h("li", { class: "way" }, claimed ? claim(each, claimed) : null, parts);
}

function takes({ candidate, names }) {
  return Object.entries(candidate.allocations).map(([uuid, amounts]) =>
    h("div", { class: "line" }, h("span", { class: "line-name" }, providerLink(uuid, names.get(uuid))), resources(amounts)),
  );
}

function groups({ candidate, names }) {
  return Object.entries(candidate.mappings).map(([suffix, uuids]) => {
    const served = uuids.map((uuid) => names.get(uuid) ?? uuid).join(", ");
    return h("div", {}, h("small", {}, `${suffix === "" ? "main request" : suffix.replace(/^_/, "")}: `), served);
  });
}

function claim({ candidate, at }, claimed) {
  const of = { type: "button", class: "small", "data-key": `claim-${at}`, "aria-label": `Claim candidate ${at}` };
  return h("button", { ...of, on: { click: () => claimed(candidate) } }, "Claim…");
}

/** Up and down go to the same button of another line, so that hosts are compared and claimed without a mouse. */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const kind = event.target.dataset?.key?.split("-")[0];
  if (!step || !kind) return;
  const all = [...event.currentTarget.querySelectorAll(`[data-key^="${kind}-"]`)];
  all[all.indexOf(event.target) + step]?.focus();
  event.preventDefault();
}

/** A line for each candidate, as a file has it. */
function file(hosts) {
  const line = (uuid, ways) => (each) => [each.at, nameOf(uuid, ways) ?? uuid, textOf(h("td", {}, takes(each))), textOf(h("td", {}, groups(each)))];
  return [["Candidate", "Host", "Takes", "Groups"], ...hosts.flatMap(([uuid, ways]) => ways.map(line(uuid, ways)))];
}

/** The map with the hosts of candidates marked, in an element of its own. */
export class CandidateMap {
  constructor(view) {
    this.view = view;
    this.said = h("p", { class: "said" });
    this.map = new FleetMap({ opened: (cell) => go(cell.id.includes(":") ? href("fleet", "", { within: cell.id }) : href("provider", cell.id)) });
    this.element = h("section", { class: "section" }, h("h2", {}, "On the map"), this.said, legend(), this.map.element);
    view.closing(() => this.map.close());
  }

  async load(found, classes) {
    const mark = rootsOf(found).slice(0, MOST_MARKED);
    const name = classes[0] ?? "";
    const asked = { mark, class: name || null };
    const map = await get("/fleet/map", asked, { signal: this.view.signal });
    const cells = cellsOf(map.cells, name);
    const marked = cells.reduce((sum, cell) => sum + cell.marked, 0);
    const groups = map.level === "groups";
    this.said.textContent = `Candidates are on ${plural(marked, "host")}, framed here${groups ? " in their groups" : ""}; all others are pale.`;
    this.map.show(cells, { groups, of: name || "the fullest class", marking: true });
  }
}

/** The hosts that candidates take from, each once. */
export function rootsOf(found) {
  return [...new Set(found.candidates.map((candidate) => hostOf(candidate, found)))];
}

/** Whether we may see the map at all. */
export const mayMap = () => may("fleet.show");

/** The exact command and calls that ask the same, to be copied. */
export function calls(body, found) {
  const here = new URL("..", document.baseURI);
  const own = curl("Content-Type: application/json", `-d ${quoted(JSON.stringify(body))}`, new URL("v1/find", here).href);
  const placement = curl("OpenStack-API-Version: placement 1.39", "-sS", new URL(found.call.slice(1), here).href);
  const fits = found.candidates.length > 0;
  return h(
    "section",
    { class: "section" },
    h("h2", {}, "As a command or an API call"),
    call("the command line", commandOf(fits ? "claim" : "find", body), fits ? "It claims where it fits; with find in place of claim it lists where." : ""),
    call("Berth's own API", own, "Put your token into the variable TOKEN: it is not shown here."),
    call("Placement's API", placement),
  );
}

function curl(header, option, url) {
  return [`curl -H 'X-Auth-Token: '"$TOKEN"`, `-H ${quoted(header)}`, option, quoted(url)].join(" \\\n  ");
}

function call(title, text, note = "") {
  const code = h("pre", { tabindex: "0", role: "region", "aria-label": `Call of ${title}` }, text);
  const button = copyButton(text, `call of ${title}`, code);
  const name = title[0].toUpperCase() + title.slice(1);
  return h("div", { class: "call" }, h("div", { class: "actions" }, h("h3", {}, name), button), note ? h("p", { class: "quiet" }, note) : null, code);
}
