/** The hosts of the start page: one click away each, as long as each can be seen. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { legend } from "../meter.js";
import { go, href } from "../router.js";
import { FleetMap, cellsOf } from "./map.js";

/** As many hosts as the server shows one by one; more are in groups, for which there is the page of the fleet. */
const MOST = 2_000;

export class Hosts {
  constructor(view) {
    this.map = new FleetMap({ opened: (cell) => go(href("provider", cell.id)) });
    this.element = h("section", { class: "section", hidden: true }, h("h2", {}, "Hosts"), legend(), this.map.element);
    view.closing(() => this.map.close());
  }

  async load({ roots }, signal) {
    this.element.hidden = roots > MOST;
    if (this.element.hidden) return;
    const map = await get("/fleet/map", { by: "hosts" }, { signal });
    this.map.show(cellsOf(map.cells, ""), { groups: false, of: "the fullest class" });
  }
}
