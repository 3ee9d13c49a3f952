/** Every page by its name in the address, and the menu. */

import { h } from "./dom.js";
import { page as agenda } from "./pages/agenda.js";
import { page as audit } from "./pages/audit.js";
import { page as changes } from "./pages/changes.js";
import { page as consumer } from "./pages/consumer.js";
import { page as consumers } from "./pages/consumers.js";
import { page as find } from "./pages/find.js";
import { page as fleet } from "./pages/fleet.js";
import { page as projects } from "./pages/projects.js";
import { page as provider } from "./pages/provider.js";
import { page as providers } from "./pages/providers.js";
import { page as report } from "./pages/report.js";
import { page as search } from "./pages/search.js";
import { page as start } from "./pages/start.js";
import { page as tokens } from "./pages/tokens.js";
import { href } from "./router.js";

const missing = {
  title: "There is no such page",
  async show(view) {
    view.root.append(h("p", {}, "The dashboard has no page at this address. ", h("a", { href: href("") }, "Go to the start page"), "."));
    return async () => {};
  },
};

export const MENU = ["start", "fleet", "providers", "find", "consumers", "agenda", "projects", "report", "changes", "audit"];

/** @type {Record<string, import("./view.js").Page>} */
export const PAGES = { start, search, fleet, providers, provider, find, consumers, consumer, agenda, projects, report, changes, audit, tokens, missing };
