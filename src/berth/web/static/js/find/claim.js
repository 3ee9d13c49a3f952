/** Claiming a candidate: who for, are you sure, and what came of it. */

import { get, send } from "../api.js";
import { confirmed } from "../dialog.js";
import { announce, fill, h } from "../dom.js";
import { field, values } from "../fields.js";
import { consumerLink, providerLink, resources } from "../links.js";
import { session } from "../session.js";

/** Ask who the claim is for, and make it; whether it was made. told: where it is said what came of it. */
export async function claim(candidate, names, told) {
  const { project, user } = session.me;
  const form = h(
    "form",
    { class: "filters", "aria-label": "Owner of the claim", on: { submit: (event) => event.preventDefault() } },
    field({ label: "Project", name: "project", value: project || "", required: true }),
    field({ label: "User", name: "user", value: user || "", required: true }),
    field({ label: "Type", name: "type", placeholder: "INSTANCE" }),
    field({ label: "Name", name: "name", placeholder: "train-7" }),
  );
  const granted = await confirmed({
    title: "Claim this candidate?",
    said: [h("p", {}, "A new consumer will hold:"), h("ul", {}, Object.entries(candidate.allocations).map((part) => line(part, names))), form],
    verb: "Claim",
    done: () => made(candidate, values(form)),
  });
  if (granted) {
    fill(told, outcome(granted, names));
    announce("Claimed.");
    told.querySelector("a")?.focus();
  }
  return Boolean(granted);
}

/** Write what the candidate says: just that, or nothing if it has been taken meanwhile. */
async function made(candidate, { project, user, type, name }) {
  if (!project || !user) throw new Error("Enter a project and a user.");
  if (type && !/^[A-Z0-9_]+$/.test(type)) throw new Error("A type consists of A-Z, 0-9 and _, such as INSTANCE.");
  const consumer = randomUuid();
  const claim = { consumer, allocations: candidate.allocations, project, user, type: type || null, generation: null, ...(name ? { name } : {}) };
  await send("POST", "/commands/SetAllocations", { claims: [claim] });
  return get(`/consumers/${consumer}`);
}

/** A uuid of chance (RFC 9562, 5.4). Browsers have `randomUUID` only where the connection is secure. */
function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function line([uuid, amounts], names) {
  return h("li", {}, resources(amounts), " of ", names.get(uuid) ?? uuid);
}

function outcome(consumer, names) {
  return h(
    "div",
    { class: "panel done", role: "status" },
    h("p", { class: "title" }, "Claimed and saved"),
    h("p", {}, "Consumer ", consumerLink(consumer.uuid, consumer.name), " holds:"),
    h(
      "ul",
      {},
      Object.entries(consumer.allocations).map(([uuid, amounts]) => h("li", {}, resources(amounts), " of ", providerLink(uuid, names.get(uuid)))),
    ),
  );
}
