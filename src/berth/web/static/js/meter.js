/** How full something is: a bar, its length, its colour, and the same in words. */

import { h, sized } from "./dom.js";
import { amount, percent, share } from "./format.js";

/** The levels that colours are given to: from which share on. */
export const LEVELS = [
  { from: 0, name: "unused" },
  { from: Number.MIN_VALUE, name: "below 50%" },
  { from: 0.5, name: "50 to 75%" },
  { from: 0.75, name: "75 to 90%" },
  { from: 0.9, name: "90% and more" },
  { from: 1, name: "full" },
  { from: 1 + Number.EPSILON, name: "over capacity" },
];

/** The number of the level of a share; -1 for none. */
export function levelOf(value) {
  return value === null ? -1 : LEVELS.findLastIndex((level) => value >= level.from);
}

/**
 * A bar with its words. name: the resource class; label: what it is of, for those who cannot see where it stands;
 * pending: what of the used amount is not confirmed yet, which is hatched; plain: a share, which is neither good nor bad.
 * @param {{name: string, used: number, capacity: number, pending?: number, label?: string, plain?: boolean}} of
 */
export function meter({ name, used, capacity, pending = 0, label = name, plain = false }) {
  const value = share(used, capacity);
  const full = Math.min(value ?? 0, 1);
  const hatched = used > 0 ? full * Math.min(1, pending / used) : 0;
  const level = plain ? "level-2" : `level-${levelOf(value)}`;
  const waits = pending ? `, ${amount(name, pending)} of that pending` : "";
  const text = `${amount(name, used)} of ${amount(name, capacity)} used, ${percent(value)}${waits}`;
  return h(
    "div",
    { class: "meter" },
    h(
      "div",
      {
        class: "bar",
        role: "meter",
        "aria-label": label,
        "aria-valuemin": 0,
        "aria-valuemax": 100,
        "aria-valuenow": Math.round(full * 100),
        "aria-valuetext": text,
        title: `${used} of ${capacity}${pending ? `, ${pending} pending` : ""}`,
      },
      sized(h("div", { class: level }), { "inline-size": `${(full - hatched) * 100}%` }),
      hatched ? sized(h("div", { class: `${level} pending` }), { "inline-size": `${hatched * 100}%` }) : null,
    ),
    h("span", { class: "percent", "aria-hidden": "true" }, percent(value)),
  );
}

/** What the colours mean. */
export function legend() {
  return h(
    "ul",
    { class: "legend", "aria-label": "What the colours mean" },
    LEVELS.map((level, at) => h("li", {}, h("span", { class: `swatch level-${at}`, "aria-hidden": "true" }), level.name)),
    h("li", {}, h("span", { class: "swatch level--1", "aria-hidden": "true" }), "has none"),
    h("li", {}, h("span", { class: "swatch level-2 pending", "aria-hidden": "true" }), "pending: held, not confirmed yet"),
  );
}
