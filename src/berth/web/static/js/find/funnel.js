/** Why a request fits where it fits, or nowhere: what each constraint removed, group by group. */

import { h, sized } from "../dom.js";
import { number, plural } from "../format.js";
import { changed, here } from "../router.js";
import { table } from "../table.js";

/** All of a funnel. */
export function funnel(found) {
  return h(
    "section",
    { class: "section funnel", "aria-label": "Funnel" },
    h("h2", {}, "What each constraint removed"),
    h("p", { class: "why" }, found.why),
    found.unknown.length ? unknown(found.unknown) : null,
    found.groups.map(group),
    trees(found.trees),
    together(found.together),
  );
}

/** Names that there are not, each with links to the same request with a name that there is. */
function unknown(names) {
  const asked = here().params.get("q") ?? "";
  const instead = (name, nearest) => h("a", { href: changed({ q: asked.replaceAll(name, nearest) }) }, h("code", {}, nearest));
  return h(
    "ul",
    {},
    names.map(({ kind, name, nearest }) =>
      h(
        "li",
        {},
        `There is no ${kind === "unknown_class" ? "resource class" : "trait"} `,
        h("code", {}, name),
        nearest.length ? [". Ask for ", nearest.flatMap((each, at) => [at ? " or " : "", instead(name, each)]), " instead?"] : ".",
      ),
    ),
  );
}

function group({ suffix, counted: of, total, steps, left }) {
  const title = suffix === "" ? "Main request" : `Group ${suffix.replace(/^_/, "")}`;
  const counted = of === "trees" ? "hosts" : of;
  return h(
    "div",
    { class: "funnel-group", "data-group": suffix },
    h("h3", {}, title),
    steps.length === 0
      ? h("p", {}, `It has no constraint that removes any of the ${number(total)} ${counted}.`)
      : table({
          caption: `${number(total)} ${counted} to begin with, ${number(left)} left`,
          sorted: false,
          saved: false,
          columns: columns(total, counted),
          rows: steps,
        }),
  );
}

function columns(total, counted) {
  return [
    { label: "Constraint", head: true, cell: (step) => `that ${step.constraint}` },
    { label: "Removed", numeric: true, cell: removed },
    { label: `Left of ${number(total)} ${counted}`, cell: (step) => left(step.left, total) },
    { label: "Without it", numeric: true, cell: without },
    { label: "Possible claim", cell: nearest },
  ];
}

function removed({ removed: count }) {
  return h("span", { class: count ? "removed" : "quiet" }, count ? `−${number(count)}` : "0");
}

function without({ removed: count, without: trees }) {
  if (!count) return "";
  return trees ? `${plural(trees, "host")} would fit` : "no host would fit";
}

function left(count, total) {
  const part = total ? count / total : 0;
  return h(
    "div",
    { class: "meter" },
    h("div", { class: "bar", "aria-hidden": "true" }, sized(h("div", { class: "level-2" }), { "inline-size": `${part * 100}%` })),
    h("span", { class: "percent" }, number(count)),
  );
}

function nearest({ removed: count, nearest: amount, kind, name }) {
  if (!count || amount === null || amount === undefined) return "";
  return `${kind === "units" ? "nearest" : "largest"}: ${number(amount)} ${name}`;
}

function trees({ total, steps, with_all_groups: fit }) {
  return h(
    "div",
    { class: "funnel-group" },
    h("h3", {}, "Hosts"),
    table({
      caption: `${plural(total, "host")} to begin with, ${number(fit)} fit each group alone`,
      sorted: false,
      saved: false,
      columns: columns(total, "hosts"),
      rows: steps,
    }),
  );
}

function together({ left: fit, bounded, why, hindrances }) {
  return h(
    "div",
    { class: "funnel-group" },
    h("h3", {}, "All groups together"),
    h("p", {}, `The whole request fits in ${bounded ? "at least " : ""}${plural(fit, "host")}. ${why}`),
    hindrances.length
      ? h("ul", {}, hindrances.map(({ constraint, without, bounded: more }) => h("li", {}, hindrance(constraint, without, more))))
      : null,
  );
}

function hindrance(constraint, without, bounded) {
  const effect = without === null ? "" : `: without it, ${bounded ? "at least " : ""}${plural(without, "tree")} would fit`;
  return `${constraint}${effect}`;
}
