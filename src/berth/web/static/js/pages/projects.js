/** Projects: what each holds in all and by type of consumer; or one of them. */

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { number } from "../format.js";
import { Growing } from "../growing.js";
import { projectLink, resources } from "../links.js";
import { href } from "../router.js";
import { may } from "../session.js";
import { empty, table } from "../table.js";
import { ownProject } from "../own.js";

export const page = { title: "Projects", needs: "project_usages.show", show };

async function show(view) {
  const region = h("div");
  view.root.append(region);
  const list = new Growing(region, {
    fetched: (page) => get("/projects", page, { signal: view.signal }),
    shown: (items) => (items.length ? shown(list, items) : empty("No project has claims")),
    columns: () => COLUMNS,
  });
  return async () => {
    const project = ownProject() || view.params.get("project");
    view.entitle(project ? `Project ${project}` : "Projects");
    if (project) await one(view, region, project);
    else await list.load();
  };
}

function shown(list, rows) {
  return table({ caption: `${list.counted("project")}, by name`, columns: COLUMNS, rows, list });
}

const COLUMNS = [
  { label: "Project", head: true, cell: (each) => projectLink(each.project) },
  { label: "Consumers", numeric: true, cell: (each) => h("a", { href: href("consumers", "", { project: each.project }) }, number(each.consumers)) },
  { label: "Holds in total", cell: (each) => resources(each.resources) },
  { label: "By type", roomy: true, cell: (each) => Object.entries(each.by_type).map(([type, share]) => byType(type, share)) },
];

function byType(type, { consumers, resources: amounts }) {
  return h("div", { class: "line" }, h("span", { class: "line-name" }, `${type} × ${number(consumers)}`), resources(amounts));
}

async function one(view, region, project) {
  const usages = await get("/usages", { project }, { signal: view.signal });
  fill(
    region,
    usages.items.length ? ofTypes(usages.items) : empty("No claims", "A project appears with its first claim, and disappears with its last."),
    h(
      "p",
      {},
      h("a", { href: href("consumers", "", { project }) }, "Its consumers, largest first"),
      " · ",
      h("a", { href: href("consumers", "", { project, order: "oldest" }) }, "oldest first"),
      may("projects.list") ? [" · ", h("a", { href: href("projects") }, "all projects")] : null,
    ),
  );
}

function ofTypes(rows) {
  return table({
    caption: "Its usage, by type of consumer",
    columns: [
      { label: "Type", head: true, cell: (each) => each.type ?? "unknown" },
      { label: "Consumers", numeric: true, cell: (each) => number(each.consumers) },
      { label: "Holds", cell: (each) => resources(each.resources) },
    ],
    rows,
  });
}
