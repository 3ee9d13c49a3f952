/** API tokens: who may come in with what, to be created and revoked here, for who may. */

import { get, send } from "../api.js";
import { copyButton } from "../copy.js";
import { confirmed } from "../dialog.js";
import { announce, fill, h } from "../dom.js";
import { choice, field, values } from "../fields.js";
import { moment, plural, when } from "../format.js";
import { projectLink } from "../links.js";
import { may } from "../session.js";
import { empty, table } from "../table.js";

const DAY_S = 86_400;
const ROLES = ["viewer", "member", "reader", "service", "provider-owner", "admin"];

export const page = { title: "API tokens", needs: "tokens.list", under: "audit", live: false, show };

async function show(view) {
  const region = h("div");
  const issued = h("div");
  const create = async () => {
    const token = await created();
    if (!token) return;
    fill(issued, shownOnce(token));
    view.refresh();
  };
  const button = h("button", { type: "button", class: "primary", "data-key": "create", on: { click: create } }, "Create a token…");
  view.root.append(may("tokens.create") ? h("div", { class: "actions" }, button) : "", issued, region);
  return async () => {
    const { items } = await get("/tokens", {}, { signal: view.signal });
    fill(region, items.length ? shown(view, items) : empty("There are no API tokens", "With --auth dev none is needed."));
  };
}

function shown(view, items) {
  const columns = [
    { label: "Name", head: true, cell: (each) => each.name },
    { label: "State", cell: state },
    { label: "Roles", cell: (each) => each.roles.join(", ") },
    { label: "Project", cell: (each) => projectLink(each.project) },
    { label: "Last used", cell: (each) => (each.last_used_at === null ? "never" : when(each.last_used_at)) },
    { label: "Created", cell: (each) => when(each.created_at) },
    { label: "Only from", cell: (each) => each.networks.join(", ") || "anywhere" },
    ...(may("tokens.revoke") ? [{ label: "Revoke", act: true, cell: (each) => revokeButton(view, each) }] : []),
  ];
  return table({ caption: `${plural(items.length, "token")}, including revoked ones`, columns, rows: items.toReversed() });
}

const isOver = ({ expires_at: end }) => end !== null && end / 1000 <= Date.now();

function state(token) {
  if (token.revoked_at !== null) return ["revoked ", when(token.revoked_at)];
  if (isOver(token)) return ["expired ", when(token.expires_at)];
  return token.expires_at === null ? "valid, never expires" : ["valid until ", moment(token.expires_at)];
}

function revokeButton(view, token) {
  if (token.revoked_at !== null || isOver(token)) return "";
  const revoke = async () => {
    const done = await confirmed({
      title: `Revoke the token ${token.name}?`,
      said: [h("p", {}, "Effective immediately. This cannot be undone.")],
      verb: "Revoke",
      danger: true,
      done: async () => (await send("POST", "/tokens/revoke", { name: token.name }), true),
    });
    if (!done) return;
    announce(`The token ${token.name} is revoked.`);
    view.refresh();
  };
  const of = { type: "button", class: "small", "aria-label": `Revoke ${token.name}`, "data-key": `revoke-${token.name}` };
  return h("button", { ...of, on: { click: revoke } }, "Revoke…");
}

function created() {
  const form = h(
    "form",
    { class: "filters", "aria-label": "The new token", on: { submit: (event) => event.preventDefault() } },
    field({ label: "Token name", name: "name", required: true, maxlength: 200 }),
    choice({ label: "Role", name: "role", options: ROLES.map((role) => [role, role]) }),
    field({ label: "Project", name: "project", value: "admin" }),
    field({ label: "Valid for days", name: "days", type: "number", min: 1, placeholder: "never expires" }),
  );
  return confirmed({ title: "Create a token", said: [form], verb: "Create", done: () => issue(values(form)) });
}

async function issue({ name, role, project, days }) {
  if (!name) throw new Error("Enter a name for the token.");
  if (days && !(Number.isInteger(Number(days)) && Number(days) > 0)) throw new Error("The days must be a whole number.");
  return send("POST", "/tokens", { name, roles: [role], project, lasts_seconds: days ? Number(days) * DAY_S : null });
}

/** The only place where its text is ever seen. */
function shownOnce({ token, text }) {
  const code = h("code", { class: "block" }, text);
  announce(`The token ${token.name} is created.`);
  return h(
    "div",
    { class: "panel done", role: "status" },
    h("p", { class: "title" }, `Token ${token.name} is created. Copy it now: it is not shown again.`),
    code,
    copyButton(text, "token", code),
  );
}
