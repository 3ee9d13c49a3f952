/** Changing a provider: its name, and how much there is of a class. */

import { send } from "../api.js";
import { confirmed } from "../dialog.js";
import { announce, h } from "../dom.js";
import { field, tick, values } from "../fields.js";
import { may } from "../session.js";
import { drainButton } from "./drain.js";

/** The buttons above a provider, for who may. */
export function actions(provider) {
  const rename = h("button", { type: "button", "data-key": "rename", on: { click: () => renamed(provider) } }, "Rename…");
  const buttons = [drainButton(provider), may("providers.update") ? rename : null].filter(Boolean);
  return buttons.length ? h("div", { class: "actions" }, buttons) : null;
}

/** The button of one inventory; null for who may not. */
export function editButton(provider, name, inventory) {
  if (!may("inventories.edit")) return null;
  const clicked = () => edited(provider, name, inventory);
  const label = `Edit ${name} of ${provider.name}`;
  return h("button", { type: "button", class: "small", "aria-label": label, "data-key": `edit-${name}`, on: { click: clicked } }, "Edit…");
}

const form = (label, ...fields) => h("form", { class: "filters", "aria-label": label, on: { submit: (event) => event.preventDefault() } }, fields);

async function renamed(provider) {
  const entered = form("Change the provider", field({ label: "Name", name: "name", value: provider.name, required: true, maxlength: 200 }));
  const done = async () => {
    const { name } = values(entered);
    if (!name) throw new Error("Enter a name.");
    await send("POST", "/commands/UpdateProvider", { uuid: provider.uuid, name });
    return name;
  };
  const name = await confirmed({ title: `Rename ${provider.name}`, said: [entered], verb: "Rename", done });
  if (name) announce(`Renamed to ${name}.`);
}

/** The button that gives an aggregate a name and a kind; null for who may not. */
export function nameButton(uuid, name) {
  if (!may("aggregates.name")) return null;
  const label = `Name the aggregate ${name ?? uuid}`;
  return h("button", { type: "button", class: "slight", "aria-label": label, "data-key": `name-${uuid}`, on: { click: () => named(uuid, name) } }, "Name…");
}

async function named(uuid, name) {
  const entered = form(
    "Change the aggregate",
    field({ label: "Name", name: "name", value: name ?? "", maxlength: 200 }),
    field({ label: "Kind", name: "kind", placeholder: "rack", options: ["rack", "zone", "network"] }),
  );
  const done = async () => {
    const { name: given, kind } = values(entered);
    await send("PUT", `/aggregates/${uuid}`, { name: given || null, ...(kind ? { kind } : {}) });
    return given || uuid;
  };
  const called = await confirmed({ title: "Name an aggregate", said: [entered], verb: "Save", done });
  if (called) announce(`The aggregate is now named ${called}.`);
}

async function edited(provider, name, inventory) {
  const entered = form(
    `${name} of ${provider.name}`,
    field({ label: "Total", name: "total", type: "number", min: 1, value: inventory.total }),
    field({ label: "Reserved", name: "reserved", type: "number", min: 0, value: inventory.reserved }),
    field({ label: "Ratio", name: "allocation_ratio", type: "number", min: 0, step: "any", value: inventory.allocation_ratio }),
  );
  const over = tick({ label: "Allow less capacity than consumers hold", name: "over" });
  const done = await confirmed({
    title: `${name} of ${provider.name}`,
    said: [entered, over, h("p", { class: "quiet" }, "Capacity = (total − reserved) × ratio.")],
    verb: "Save",
    done: () => saved(provider, name, values(entered), over.querySelector("input").checked),
  });
  if (done) announce(`${name} of ${provider.name} is saved.`);
}

async function saved(provider, name, entered, over) {
  const fields = Object.fromEntries(Object.entries(entered).map(([field, text]) => [field, numeric(field, text)]));
  const body = { where: { uuid: provider.uuid }, resource_class: name, fields, over_capacity_ok: over };
  await send("POST", "/commands/EditInventories", body);
  return true;
}

function numeric(field, text) {
  const value = text === "" ? NaN : Number(text);
  const fits = field === "allocation_ratio" ? value > 0 : Number.isInteger(value) && value >= 0;
  if (!fits && field === "allocation_ratio") throw new Error("The ratio must be a number above 0.");
  if (!fits) throw new Error(`The ${field} amount must be a whole number.`);
  return value;
}
