/** Candidates: where a request fits, in a list, on the map, and as the calls that ask the same. */

import { get } from "../api.js";
import { copyButton } from "../copy.js";
import { h } from "../dom.js";
import { number, plural } from "../format.js";
import { providerLink, resources } from "../links.js";
import { FleetMap, cellsOf } from "../map/map.js";
import { legend } from "../meter.js";
import { go, href } from "../router.js";
import { may } from "../session.js";
import { table } from "../table.js";

const MOST_MARKED = 500;

/** The candidates as a table. claimed: called with the one that is to be claimed; null if we may not. */
export function listed(found, names, claimed) {
  const columns = [
    { label: "", head: true, numeric: true, cell: ({ at }) => number(at) },
    { label: "Takes", cell: ({ candidate }) => Object.entries(candidate.allocations).map(([uuid, amounts]) => taken(uuid, amounts, names)) },
    { label: "Groups", cell: ({ candidate }) => Object.entries(candidate.mappings).map(([suffix, uuids]) => served(suffix, uuids, names)) },
    ...(claimed ? [{ label: "Claim", cell: (row) => claim(row, claimed) }] : []),
  ];
  columns[0].label = "Candidate";
  const rows = found.candidates.map((candidate, at) => ({ candidate, at: at + 1 }));
  return table({ caption: `${plural(rows.length, "candidate")}${found.bounded ? "; the search reached its limit, so there may be more" : ""}`, columns, rows });
}

function taken(uuid, amounts, names) {
  return h("div", { class: "line" }, h("span", { class: "line-name" }, providerLink(uuid, names.get(uuid))), resources(amounts));
}

function served(suffix, uuids, names) {
  const served = uuids.flatMap((uuid, at) => [at ? ", " : "", names.get(uuid) ?? uuid]);
  return h("div", {}, h("small", {}, `${suffix === "" ? "main request" : suffix.replace(/^_/, "")}: `), served);
}

function claim({ candidate, at }, claimed) {
  return h("button", { type: "button", "data-key": `claim-${at}`, "aria-label": `Claim candidate ${at}`, on: { click: () => claimed(candidate) } }, "Claim…");
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
function rootsOf(found) {
  const uuids = found.candidates.flatMap((candidate) => Object.keys(candidate.allocations));
  return [...new Set(uuids.map((uuid) => found.summaries[uuid]?.root ?? uuid))];
}

/** Whether we may see the map at all. */
export const mayMap = () => may("fleet.show");

/** The exact calls that ask the same, to be copied. */
export function calls(body, found) {
  const here = new URL("..", document.baseURI);
  const own = curl("Content-Type: application/json", `-d ${quoted(JSON.stringify(body))}`, new URL("v1/find", here).href);
  const placement = curl("OpenStack-API-Version: placement 1.39", "-sS", new URL(found.call.slice(1), here).href);
  return h(
    "section",
    { class: "section" },
    h("h2", {}, "As an API call"),
    h("p", { class: "quiet" }, "Put your token into the variable TOKEN: it is not shown here."),
    call("Berth's own API", own),
    call("Placement's API", placement),
  );
}

function curl(header, option, url) {
  return [`curl -H 'X-Auth-Token: '"$TOKEN"`, `-H ${quoted(header)}`, option, quoted(url)].join(" \\\n  ");
}

/** A text as one word of a shell. */
function quoted(text) {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

function call(title, text) {
  const code = h("pre", { tabindex: "0", role: "region", "aria-label": `Call of ${title}` }, text);
  const button = copyButton(text, `call of ${title}`, code);
  return h("div", { class: "call" }, h("div", { class: "actions" }, h("h3", {}, title), button), code);
}
