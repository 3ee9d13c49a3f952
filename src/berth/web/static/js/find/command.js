/** A request as the command line has it, to be copied. */

import { textOf } from "../amounts.js";
import { commandOptions, session } from "../session.js";

/**
 * The command that asks for a request.
 * @param {string} verb such as find
 * @param {any} body as /v1/find takes it
 */
export function commandOf(verb, body) {
  const parts = body.groups.flatMap(group);
  for (const trait of body.root_required ?? []) parts.push("--root-trait", trait);
  for (const trait of body.root_forbidden ?? []) parts.push("--root-trait", `!${trait}`);
  for (const suffixes of body.same_subtrees ?? []) parts.push("--same-subtree", suffixes.map(nameOf).join(","));
  if (body.isolate) parts.push("--isolate");
  if (verb === "claim") parts.push("--project", session.me?.project || "PROJECT");
  return ["berth", verb, ...parts.map(word), commandOptions()].join(" ");
}

/** The command line puts the underscore before a name itself. */
const nameOf = (suffix) => suffix.replace(/^_/, "");

function group({ suffix, resources, required, forbidden, member_of: memberOf, not_member_of: notMemberOf, in_tree: inTree }) {
  const amounts = textOf(resources);
  const of = (text) => (suffix ? `${nameOf(suffix)}:${text}` : text);
  return [
    ...(suffix ? ["--group", of(amounts)] : amounts ? [amounts] : []),
    ...required.flatMap((anyOf) => ["--trait", of(anyOf.join("|"))]),
    ...forbidden.flatMap((trait) => ["--forbid", of(trait)]),
    ...memberOf.flatMap((anyOf) => ["--member-of", of(anyOf.join("|"))]),
    ...notMemberOf.flatMap((name) => ["--not-member-of", of(name)]),
    ...(inTree ? ["--in-tree", of(inTree)] : []),
  ];
}

/** A text as one word of a shell: as it is if that is safe, else quoted. */
export function word(text) {
  return /^[\w=:,./-]+$/.test(text) ? text : quoted(text);
}

/** A text in quotes for a shell. */
export function quoted(text) {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
