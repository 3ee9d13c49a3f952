/** What uuids are called. Names are remembered for as long as nothing changes. */

import { get } from "./api.js";
import { listen } from "./feed.js";

const AT_ONCE = 500;

/** @type {Map<string, string>} */
const known = new Map();

listen(({ change, reset }) => {
  if (reset || (change && change.providers.count)) known.clear();
});

/**
 * What these providers are called, by uuid; those that are gone have no name.
 * @param {Iterable<string>} uuids
 * @returns {Promise<Map<string, string>>}
 */
export async function namesOf(uuids, options = {}) {
  const asked = [...new Set(uuids)];
  const missing = asked.filter((uuid) => !known.has(uuid));
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const found = await get("/providers/names", { uuid: missing.slice(at, at + AT_ONCE) }, options);
    for (const [uuid, name] of Object.entries(found)) known.set(uuid, name);
  }
  return new Map(asked.filter((uuid) => known.has(uuid)).map((uuid) => [uuid, known.get(uuid)]));
}
