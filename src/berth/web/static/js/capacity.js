/** A resource class of the whole fleet as a card: how full it is, and how full it was. */

import { line } from "./chart.js";
import { h } from "./dom.js";
import { amount, percent, plural, share } from "./format.js";
import { meter } from "./meter.js";
import { href } from "./router.js";

/** One class of an overview. trends: of /v1/fleet/trends, null while they are not known. */
export function card(of, trends = null) {
  const { name, providers, capacity, used, pending, largest_free: largest } = of;
  const free = Math.max(0, capacity - used);
  return h(
    "li",
    { class: "card", "data-class": name },
    h("p", { class: "card-name" }, h("a", { href: href("fleet", "", { class: name }) }, name), h("small", {}, plural(providers, "provider"))),
    h("p", { class: "big" }, percent(share(used, capacity)), h("small", {}, " used")),
    meter({ name, used, capacity, pending, label: `${name} of the whole fleet` }),
    h("p", { class: "quiet" }, `${amount(name, free)} of ${amount(name, capacity)} free`),
    h("p", { class: "quiet" }, `largest free block: ${amount(name, largest)}`),
    pending ? h("p", { class: "quiet" }, `${amount(name, pending)} pending`) : null,
    trends ? [trend(of, trends.day, "24 hours"), trend(of, trends.month, "30 days")] : null,
  );
}

function trend({ name, used, capacity }, { classes }, span) {
  const found = classes.find((each) => each.resource_class === name);
  if (!found) return null;
  const now = share(used, capacity);
  const shares = found.held.map((held, at) => (held === null ? null : share(held, found.capacity[at])));
  return line({ shares: [...shares, now], name, span });
}
