/** A request as the form has it, as the address has it, and as /v1/find takes it. */

import { Malformed, amountsOf } from "../amounts.js";

/**
 * @typedef {{suffix: string, resources: string, required: string, anyOf: string, forbidden: string, memberOf: string,
 *   notMemberOf: string, inTree: string}} GroupForm
 * @typedef {{groups: GroupForm[], isolate: boolean, sameSubtree: string, rootRequired: string, rootForbidden: string,
 *   limit: string}} RequestForm
 */

/** A group with nothing in it. */
export const emptyGroup = (suffix = "") => ({
  suffix, resources: "", required: "", anyOf: "", forbidden: "", memberOf: "", notMemberOf: "", inTree: "",
});

/** @returns {RequestForm} */
export const emptyForm = () => ({
  groups: [emptyGroup()], isolate: false, sameSubtree: "", rootRequired: "", rootForbidden: "", limit: "20",
});

/** What the address has, as a form; null if there is none, or nothing that makes sense. */
export function formOf(text) {
  if (!text) return null;
  try {
    const given = JSON.parse(text);
    const strings = (of, pattern) => Object.fromEntries(Object.keys(pattern).map((name) => [name, String(of[name] ?? "")]));
    const groups = given.groups.slice(0, 20).map((group) => strings(group, emptyGroup()));
    return groups.length ? { ...strings(given, emptyForm()), isolate: given.isolate === true, groups } : null;
  } catch {
    return null;
  }
}

/** A form as the address has it: without what is empty. */
export function addressOf(form) {
  const full = (of) => Object.fromEntries(Object.entries(of).filter(([, value]) => value !== "" && value !== false));
  return JSON.stringify({ ...full(form), groups: form.groups.map(full) });
}

/** A form as the body of /v1/find; Malformed. */
export function bodyOf(form) {
  const groups = form.groups.map(groupOf);
  const suffixes = groups.map((group) => group.suffix);
  const twice = suffixes.find((suffix, at) => suffixes.indexOf(suffix) !== at);
  if (twice !== undefined) throw new Malformed(`There are two groups called “${twice || "unnamed"}”: give each its own name.`);
  if (!groups.some((group) => Object.keys(group.resources).length)) throw new Malformed("Ask for some resources, such as VCPU=4.");
  return {
    groups,
    isolate: form.isolate,
    limit: limitOf(form.limit),
    root_required: words(form.rootRequired),
    root_forbidden: words(form.rootForbidden),
    same_subtrees: form.sameSubtree.split(";").map(words).filter((suffixes) => suffixes.length),
  };
}

function groupOf(group) {
  const all = (text) => words(text).map((name) => [name]);
  return {
    suffix: group.suffix,
    resources: amountsOf(group.resources),
    required: [...all(group.required), ...anyOf(group.anyOf)],
    forbidden: words(group.forbidden),
    member_of: group.memberOf.split(";").map(listed).filter((names) => names.length),
    not_member_of: listed(group.notMemberOf),
    in_tree: group.inTree || null,
  };
}

/** Names with commas or spaces between. */
const words = (text) => [...new Set(text.split(/[\s,]+/).filter(Boolean))];

/** Names with commas between: those of aggregates may have spaces. */
const listed = (text) => [...new Set(text.split(",").map((name) => name.trim()).filter(Boolean))];

/** Sets of names, of each of which one will do: A,B; C,D. */
const anyOf = (text) => text.split(";").map(words).filter((names) => names.length);

function limitOf(text) {
  const limit = Number(text || 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new Malformed("The limit is a whole number from 1 to 1,000.");
  return limit;
}
