/** Changes as sentences of people, out of their summaries: who did what, for whom. */

import { h } from "./dom.js";
import { plural } from "./format.js";
import { amounts, consumerLink, providerLink } from "./links.js";

const MOST = 3;

/** What is done to providers and names, by the command. The command line's audit_text.py has the same. */
const DONE = {
  CreateProvider: "created",
  UpdateProvider: "renamed or moved",
  DeleteProvider: "deleted",
  DeleteTree: "deleted",
  RenameTree: "renamed",
  PutRecords: "imported",
  SetInventories: "set the inventories of",
  AddInventory: "added an inventory to",
  UpdateInventory: "set the inventories of",
  DeleteInventory: "removed an inventory from",
  EditInventories: "changed the inventories of",
  Drain: "drained",
  Undrain: "ended the drain of",
  SetTraits: "set the traits of",
  EditTraits: "changed the traits of",
  SetAggregates: "set the aggregates of",
  EditAggregates: "changed the aggregates of",
  NameAggregate: "named",
  CreateTrait: "created the trait",
  DeleteTrait: "deleted the trait",
  CreateClass: "created the class",
  RenameClass: "renamed the class",
  DeleteClass: "deleted the class",
  CreateToken: "created the token",
  RevokeToken: "revoked the token",
  RotateToken: "replaced the secret of the token",
  GrantLease: "granted the lease",
  EndLease: "ended the lease",
  Lapse: "ended claims that were due:",
  Reshape: "moved inventories between",
  ArchiveAudit: "archived the audit log up to record",
  SealCheckpoint: "sealed the checkpoint of change",
  add_standard_names: "added standard names:",
};

/** SetInventories as words: set inventories. */
export const plain = (operation) => DONE[operation] ?? operation.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();

/**
 * A change as a sentence. names: of providers, by uuid.
 * @param {any} change a summary of /v1/changes/brief
 * @param {Map<string, string>} names
 */
export function sentence(change, names) {
  const by = change.actor || "an unknown caller";
  const { count, first } = change.consumers;
  if (count === 0) return [`${by} ${plain(change.operation)} `, ...things(change, names)];
  if (count > MOST) return [`${by} changed the claims of ${plural(count, "consumer")}`, where(change, names)];
  const claims = first.map((uuid) => claim(change, uuid));
  const whose = first.map((uuid) => change.owners?.[uuid]?.[1]);
  const silent = change.operation === "Lapse" || whose.every((user) => user === by);
  return [joined(claims), where(change, names), silent ? null : h("small", {}, ` · by ${by}`)];
}

/** A record of the audit log as a sentence. names: of providers, by uuid. */
export function recorded({ actor, operation, target, outcome, summary }, names) {
  const by = actor || "an unknown caller";
  if (outcome !== "done") return [`${by} was refused `, target ? h("code", {}, target) : plain(operation)];
  const touches = summary && ["providers", "consumers", "names"].some((kind) => summary[kind].count);
  return touches ? sentence(summary, names) : `${by} ${plain(operation)} ${target}`;
}

function claim(change, uuid) {
  const owner = change.owners?.[uuid];
  const who = owner ? [h("strong", {}, owner[1]), ` (${owner[0]})`] : ["consumer ", consumerLink(uuid)];
  const held = change.held?.[uuid];
  if (held === undefined) return ["the name or note of ", consumerLink(uuid), " was changed"];
  if (change.operation === "Lapse") return [consumerLink(uuid, "a claim"), " of ", who, " ended"];
  if (Object.keys(held).length === 0) return [who, owner ? [" released ", consumerLink(uuid, "a claim")] : " was released"];
  return [who, owner ? [" ", consumerLink(uuid, "holds"), " "] : " holds ", amounts(held)];
}

/** Where a claim is: the shortest name, and how many others there are that are not called after it. */
function where({ providers: { count, first } }, names) {
  if (count === 0) return null;
  const name = (uuid) => names.get(uuid) ?? uuid;
  const host = first.toSorted((one, other) => name(one).length - name(other).length)[0];
  const others = count - first.filter((uuid) => name(uuid).startsWith(name(host))).length;
  return [" on ", providerLink(host, names.get(host)), others ? ` and ${plural(others, "more provider")}` : null];
}

function things({ providers, names: named }, names) {
  const links = providers.first.slice(0, MOST).map((uuid) => providerLink(uuid, names.get(uuid)));
  const texts = named.first.slice(0, MOST).map((name) => h("code", {}, name));
  const shown = links.length ? links : texts;
  const count = links.length ? providers.count : named.count;
  const rest = count - shown.length;
  return [joined(shown.map((each) => [each])), rest > 0 ? ` and ${plural(rest, "more", "more")}` : null];
}

const joined = (parts) => parts.flatMap((part, at) => [at ? ", " : null, part]);
