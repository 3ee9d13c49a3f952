/** Report: how much was held for how long, and its share of what there was. A reader sees their own project. */

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { csv, download } from "../download.js";
import { choice, field, filters, follow } from "../fields.js";
import { amount, moment, number, plural, short } from "../format.js";
import { projectLink, providerLink } from "../links.js";
import { meter } from "../meter.js";
import { changed, go } from "../router.js";
import { may } from "../session.js";
import { empty, table } from "../table.js";
import { ownProject } from "../own.js";

const HOW_IT_COUNTS = "Hours are amount × time. A claim counts until it ends. A hold counts while it is pending, too.";

const mayBeWrong = (count) => `Amounts may be wrong: ${plural(count, "entry", "entries")} of the change log cannot be read.`;

const HOUR_US = 3_600_000_000;
const DAY_MS = 86_400_000;
const SHOWN = 1_000;
const KINDS = { project: "Project", user: "User", host: "Host", class: "Class" };
const SPANS = [
  ["1", "The last 24 hours"],
  ["7", "The last 7 days"],
  ["30", "The last 30 days"],
  ["90", "The last 90 days"],
  ["365", "The last 365 days"],
  ["this-month", "This month (UTC)"],
  ["last-month", "Last month (UTC)"],
];
const COLUMNS = ["key", "name", "class", "hours", "capacity_hours", "share", "held_us"];

export const page = { title: "Report", needs: "reports.show", live: false, show };

async function show(view) {
  const classes = may("classes.list") ? (await get("/classes")).items.filter((item) => item.providers) : [];
  const own = ownProject();
  const region = h("div");
  const form = filters(
    { label: "Filters", changed: (given) => go(changed(given)) },
    choice({ label: "By", name: "by", options: Object.entries(KINDS) }),
    choice({ label: "Time", name: "span", options: SPANS }),
    choice({ label: "Class", name: "class", options: [["", "Every class"], ...classes.map(({ name }) => [name, name])] }),
    field({ label: "Project", name: "project", type: "search", ...(own ? { value: own, readonly: true } : {}) }),
  );
  let report = null;
  const save = h("button", { type: "button", on: { click: () => download("berth-report.csv", "text/csv;charset=utf-8", file(report)) } }, "Download as CSV");
  const again = h("button", { type: "button", on: { click: () => view.refresh() } }, "Refresh");
  view.root.append(form, h("div", { class: "actions" }, again, save), region);
  return async () => {
    const params = { by: "project", span: "30", ...Object.fromEntries(view.params), ...(own ? { project: own } : {}) };
    follow(form, new URLSearchParams(params));
    save.disabled = true;
    report = await get("/report", asked(params), { signal: view.signal });
    save.disabled = report.rows.length === 0;
    fill(region, shown(report));
  };
}

function asked({ by, span, class: name, project }) {
  return { by: Object.hasOwn(KINDS, by) ? by : "project", class: name, project, ...between(span) };
}

/** The beginning and the end of a span, in microseconds since 1970. */
function between(span) {
  const now = new Date();
  const month = (offset) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1) * 1000;
  if (span === "this-month") return { since: month(0) };
  if (span === "last-month") return { since: month(-1), until: month(0) };
  return { since: Math.floor(now.getTime() - (Number(span) || 30) * DAY_MS) * 1000 };
}

function shown(report) {
  const { rows, totals, by } = report;
  return [
    h("p", { class: "quiet" }, moment(report.since), " to ", moment(report.until), `. ${HOW_IT_COUNTS}`),
    cautions(report),
    rows.length === 0
      ? empty("Nothing was held", "Choose another period, or clear the filters above.")
      : [
          by === "class" || totals.length === 0 ? null : amounts("Total, by class", totals, []),
          amounts(caption(report), rows.slice(0, SHOWN), [{ label: KINDS[by], head: true, cell: (each) => name(by, each) }], isWhole(report)),
        ],
  ];
}

const isWhole = ({ rows, left_out: rest }) => rows.length + rest <= SHOWN;

function caption({ rows, left_out: rest }) {
  const all = rows.length + rest;
  return all > SHOWN ? `The first ${number(SHOWN)} of ${number(all)} rows; the CSV file has ${rest ? number(rows.length) : "all of them"}` : plural(all, "row");
}

function cautions({ since, complete_from: from, damaged }) {
  return [
    from > since ? h("p", { class: "problem", role: "note" }, "Incomplete: the change log begins at ", moment(from), ".") : null,
    damaged.length ? h("p", { class: "problem", role: "note" }, mayBeWrong(damaged.length)) : null,
  ];
}

/** sorted: false where rows are left out, of which none may come first. */
function amounts(caption, rows, first, sorted = true) {
  const known = rows.some((each) => each.capacity_us !== null);
  return table({
    caption,
    saved: false,
    sorted,
    columns: [
      ...first,
      { label: "Class", head: first.length === 0, cell: (each) => each.resource_class },
      { label: "Hours", numeric: true, cell: (each) => h("span", { title: number(each.hours) }, hours(each.resource_class, each.hours)) },
      ...(known
        ? [
            { label: "Share", cell: bar },
            { label: "Capacity in hours", numeric: true, cell: (each) => hours(each.resource_class, each.capacity_us / HOUR_US) },
          ]
        : []),
    ],
    rows,
  });
}

function bar({ resource_class: of, name: whose, hours: used, capacity_us: capacity }) {
  return meter({ name: "", used, capacity: capacity / HOUR_US, label: whose ? `${of} of ${whose}` : of });
}

/** Amount x hours in a unit that fits; few digits, but some of what is small: 0.25, 1.5, 1,440, 780 TiB. */
function hours(of, value) {
  if (/_[MG]B$/.test(of) && value >= 1) return amount(of, value);
  if (value === 0 || value >= 100) return value < 1e7 ? number(Math.round(value)) : short(value);
  return value < 0.01 ? "<0.01" : number(Number(value.toPrecision(2)));
}

function name(by, { key, name: text }) {
  if (key === null) return h("em", {}, text);
  if (by === "host") return providerLink(key, text);
  return by === "project" ? projectLink(text) : text;
}

function file({ rows }) {
  const cells = rows.map((each) => [
    each.key,
    each.name,
    each.resource_class,
    each.hours,
    each.capacity_us === null ? "" : each.capacity_us / HOUR_US,
    each.share,
    each.held_us,
  ]);
  return csv(COLUMNS, cells);
}
