/** How many hosts have how much of a class free, as bars. */

import { get } from "./api.js";
import { fill, h, sized } from "./dom.js";
import { amount, plural, share } from "./format.js";
import { href } from "./router.js";

/** The bars in an element of their own. */
export class FreeHosts {
  constructor() {
    this.element = h("section", { class: "section" });
  }

  /** chosen: a class, "" for the one that a person asks for first. */
  async load(chosen, overview, signal) {
    const name = chosen || first(overview.classes);
    if (!name) return;
    const { hosts, bins } = await get("/fleet/free-hosts", { class: name }, { signal });
    fill(this.element, h("h2", {}, `Hosts by free ${name}`), hosts ? drawn(name, hosts, bins) : h("p", { class: "quiet" }, `No host has ${name}.`));
  }
}

/** GPUs if there are any, else the fullest class. */
function first(classes) {
  const full = (of) => share(of.used, of.capacity) ?? -1;
  const found = classes.find(({ name }) => name.includes("GPU"));
  return (found ?? classes.toSorted((one, other) => full(other) - full(one))[0])?.name ?? "";
}

function drawn(name, hosts, bins) {
  const most = Math.max(...bins.map((bin) => bin.hosts));
  return h("dl", { class: "bins" }, bins.map((bin, at) => row(name, bin, at === 0 ? null : bins[at - 1].least, most)));
}

function row(name, { least, hosts }, above, most) {
  const words = `${range(name, least, above)} free`;
  const link = least ? h("a", { href: href("fleet", "", { class: name, room: `${name}:${least}` }) }, words) : "none free";
  const bar = sized(h("div", { class: "level-2" }), { "inline-size": `${(hosts / most) * 100}%` });
  return [h("dt", {}, link), h("dd", { class: "bar", "aria-hidden": "true" }, bar), h("dd", {}, plural(hosts, "host"))];
}

/** 4 to 7: from a power of two to below the next one. */
function range(name, least, above) {
  if (above === null) return `${amount(name, least)} or more`;
  return least === 1 ? amount(name, least) : `${amount(name, least)} to ${amount(name, 2 * least - 1)}`;
}
