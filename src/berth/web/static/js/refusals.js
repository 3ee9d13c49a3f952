/** Why the server refused something, for people: with names, where its text has uuids. */

import { h } from "./dom.js";
import { namesOf } from "./names.js";
import { may } from "./session.js";

const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

const RULES = {
  min_unit: (value) => `at least ${value}`,
  max_unit: (value) => `at most ${value}`,
  step_size: (value) => `multiples of ${value}`,
};

/** By the type of a problem, the sentence for people; for all others it is the problem's own. */
const SENTENCES = {
  "capacity-exceeded": ({ provider, resource_classes: [name], free, capacity, amount }) =>
    `${provider} has ${Math.max(free, 0)} of ${capacity} ${name} free, and ${amount} ${amount === 1 ? "was" : "were"} requested.`,
  "inventory-missing": ({ provider, resource_classes }) => `${provider} has no ${resource_classes.join(" or ")} of its own.`,
  "units-violated": ({ provider, resource_classes: [name], rule, value }) =>
    `One claim can have ${RULES[rule](value)} ${name} of ${provider}.`,
  "provider-drained": ({ provider, by, reason }) =>
    `${provider} was drained${by ? ` by ${by}` : ""}${reason ? ` (${reason})` : ""} and takes no new claims.`,
};

/** A paragraph that says why, with names as soon as they are known. */
export function reason(error) {
  const text = SENTENCES[error.type]?.(error.problem) ?? error.message;
  const line = h("p", {}, text);
  const uuids = text.match(UUID);
  if (uuids && may("providers.list")) {
    const named = (names) => (line.textContent = text.replace(UUID, (uuid) => names.get(uuid) ?? uuid));
    namesOf(uuids).then(named, () => {}); // without names the uuids stay
  }
  return line;
}
