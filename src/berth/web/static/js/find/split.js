/** A request that fits nowhere because no single device has so much: the same, each of it of another device of one host. */

import { textOf } from "../amounts.js";
import { send } from "../api.js";
import { h } from "../dom.js";
import { changed } from "../router.js";
import { commandOf } from "./command.js";
import { addressOf, emptyGroup } from "./request.js";

const MOST = 16;

/**
 * Try it, and return a sentence with a link to it; null where that would not do either.
 * @param {import("./request.js").RequestForm} form
 * @param {any} body of /v1/find, of the same form
 * @param {any} funnel why it fits nowhere
 */
export async function splitHint(form, body, funnel, { signal }) {
  if (body.groups.length !== 1 || form.sameSubtree) return null;
  const [{ resources }] = body.groups;
  const most = funnel.groups[0].steps.filter(({ name, nearest }) => nearest > 0 && resources[name] > nearest);
  for (const { name, nearest } of most) {
    const parts = partsOf(resources[name], nearest);
    if (parts.length > MOST) continue;
    const found = await send("POST", "/find", splitBody(body, name, parts), { signal });
    if (found.candidates.length) return hint(form, resources, name, parts, splitBody(body, name, parts));
  }
  return null;
}

/** An amount in parts, each at most so large. */
function partsOf(amount, largest) {
  const whole = Array.from({ length: Math.floor(amount / largest) }, () => largest);
  return amount % largest ? [...whole, amount % largest] : whole;
}

const suffix = (at) => `_${at + 1}`;

function splitBody(body, name, parts) {
  const [group] = body.groups;
  const { [name]: _, ...rest } = group.resources;
  const bare = { required: [], forbidden: [], member_of: [], not_member_of: [], in_tree: group.in_tree };
  const others = parts.map((amount, at) => ({ ...bare, suffix: suffix(at), resources: { [name]: amount } }));
  const first = Object.keys(rest).length ? [{ ...group, resources: rest }] : [];
  return { ...body, groups: [...first, ...others], isolate: true, limit: 1 };
}

function hint(form, resources, name, parts, whole) {
  const [group] = form.groups;
  const rest = Object.entries(resources).filter(([each]) => each !== name);
  const others = parts.map((amount, at) => ({ ...emptyGroup(suffix(at)), resources: `${name}=${amount}`, inTree: group.inTree }));
  const first = rest.length ? [{ ...group, resources: textOf(Object.fromEntries(rest)) }] : [];
  const asked = { ...form, groups: [...first, ...others], isolate: true };
  return h(
    "div",
    { class: "panel done" },
    h("p", {}, `No single device has ${resources[name]} ${name}. It fits on several devices of one host: `, link(asked, name, parts), "."),
    h("p", {}, "On the command line: ", h("code", {}, commandOf("claim", whole))),
  );
}

const link = (asked, name, parts) => h("a", { href: changed({ q: addressOf(asked) }) }, `ask for ${parts.join(" + ")} ${name}`);
