/** Draining a provider: it takes no new claims, and nor does what is below it, until that is ended. */

import { send } from "../api.js";
import { confirmed } from "../dialog.js";
import { announce, h } from "../dom.js";
import { field, values } from "../fields.js";
import { when } from "../format.js";
import { may } from "../session.js";

/** Since when something is drained, by whom and why; of: the provider that is shown, which may be below the drained one. */
export function drainWords({ provider, name, since, by, why }, of = provider) {
  return h("span", {}, " ", when(since), ` by ${by}`, why ? `: ${why}` : "", provider === of ? "" : ` (with ${name})`);
}

/** The button that drains a provider, or ends that; null for who may not, or where one above it is drained. */
export function drainButton(provider) {
  const { drain } = provider;
  const [operation, words, act] = drain ? ["providers.undrain", "Undrain…", ended] : ["providers.drain", "Drain…", begun];
  if (!may(operation) || (drain && above(provider))) return null;
  return h("button", { type: "button", "data-key": "drain", on: { click: () => act(provider) } }, words);
}

const above = ({ uuid, drain }) => drain.provider !== uuid;

async function begun({ uuid, name }) {
  const form = h(
    "form",
    { class: "filters", "aria-label": `Why ${name} is drained`, on: { submit: (event) => event.preventDefault() } },
    field({ label: "Reason", name: "why", maxlength: 200, placeholder: "fan, ticket 812" }),
  );
  const done = await confirmed({
    title: `Drain ${name}?`,
    said: [h("p", {}, "It and everything below it will take no new claims. Existing claims stay."), form],
    verb: "Drain",
    done: async () => (await send("POST", "/commands/Drain", { providers: [uuid], why: values(form).why }), true),
  });
  if (done) announce(`${name} is drained.`);
}

async function ended({ uuid, name }) {
  const done = await confirmed({
    title: `Undrain ${name}?`,
    said: [h("p", {}, "It will take new claims again.")],
    verb: "Undrain",
    done: async () => (await send("POST", "/commands/Undrain", { providers: [uuid] }), true),
  });
  if (done) announce(`${name} takes new claims again.`);
}
