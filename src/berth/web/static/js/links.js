/** Links between things, which look the same wherever they stand. */

import { h } from "./dom.js";
import { amount, brief, number } from "./format.js";
import { href } from "./router.js";
import { may } from "./session.js";

/** A provider by its name; what is gone has only its uuid. */
export function providerLink(uuid, name) {
  const text = name ?? `${brief(uuid)}…`;
  if (!may("providers.show")) return h("span", { title: uuid }, text);
  return h("a", { href: href("provider", uuid), title: uuid }, text);
}

/** A consumer by its name or by these words, else by its uuid. */
export function consumerLink(uuid, words = null) {
  if (!may("consumers.show")) return words ? h("span", { title: uuid }, words) : h("code", {}, uuid);
  return h("a", { href: href("consumer", uuid), class: words ? null : "uuid", title: words ? uuid : null }, words || uuid);
}

/**
 * The column of a list with the names of consumers; none if no consumer has one. items: null for any; consumer, name: fields
 * of its items.
 */
export function nameColumn(items, consumer, name) {
  if (items && !items.some((each) => each[name])) return [];
  return [{ label: "Name", cell: (each) => (each[name] ? consumerLink(each[consumer], each[name]) : "") }];
}

/** A project by its name. */
export function projectLink(name) {
  return h("a", { href: href("projects", "", { project: name }) }, name);
}

/** Whose a consumer is, of an owner's [project, user, type]; records of an earlier Berth do not say. */
export function ownerName(owner) {
  return owner ? `${owner[1]} (${owner[0]})` : "an unknown owner";
}

/** A trait, and all providers that have it. */
export function traitLink(name) {
  return h("a", { class: "chip", href: href("providers", "", { trait: name }) }, name);
}

/** An aggregate by its name, else by its uuid, and its part of the map. */
export function aggregateLink(uuid, name) {
  const shown = { class: name ? "chip" : "chip uuid", title: uuid, href: href("fleet", "", { aggregate: name || uuid }) };
  return h("a", shown, name || uuid);
}

/** What fields suggest for aggregates: names, and the uuids of those without one. */
export function aggregateNames(items) {
  return items.filter((item) => item.providers).map((item) => item.label || item.name);
}

/** The same within a sentence, with commas. */
export function amounts(of) {
  const parts = Object.entries(of).map(([name, value]) => h("span", { class: "amount", title: `${number(value)} ${name}` }, `${amount(name, value)} ${name}`));
  return h("span", {}, parts.flatMap((part, at) => [at ? ", " : null, part]));
}

/** Amounts by class, in words: 4 VCPU, 8 GiB MEMORY_MB. */
export function resources(amounts) {
  return h(
    "span",
    { class: "amounts" },
    Object.entries(amounts).map(([name, value]) =>
      h("span", { class: "amount", title: `${number(value)} ${name}` }, `${amount(name, value)} `, h("small", {}, name)),
    ),
  );
}
