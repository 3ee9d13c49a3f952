/** Who are you? By a token, where the connection does not tell already. */

import { fill, h } from "../dom.js";
import { field, values } from "../fields.js";
import { session, signIn } from "../session.js";
import { box } from "../words.js";

const OF_WAY = {
  token: ["API token", "An administrator creates one with", "berth token create --name NAME --role viewer"],
  oidc: ["OpenID Connect", "An access token of your provider.", ""],
  keystone: ["Keystone", "A token as", "openstack token issue"],
  mtls: ["Client certificate", "Choose your certificate when the browser asks, and load this page again: then no form is shown.", ""],
};

/**
 * Show the form. why: what ended the session before, if anything did; entered: called when it is known who we are.
 */
export function show(root, { why = null, entered }) {
  const problem = h("div", {}, why ? box(why) : null);
  const enter = async (token) => {
    form.querySelectorAll("button, input").forEach((each) => (each.disabled = true));
    try {
      await signIn(token);
      entered();
    } catch (error) {
      fill(problem, box(error));
      form.querySelectorAll("button, input").forEach((each) => (each.disabled = false));
      form.elements.token.focus();
    }
  };
  const dev = session.about?.auth.includes("dev");
  const form = tokenForm(enter, { first: !dev });
  root.append(...[problem, dev && trial(enter), form, !dev && ways()].filter(Boolean));
  form.elements.token.focus();
}

/** first: whether there is no simpler way in. */
function tokenForm(enter, { first }) {
  const submit = (event) => {
    event.preventDefault();
    const { token } = values(event.target);
    if (token) enter(token);
  };
  return h(
    "form",
    { class: "panel sign-in", "aria-label": "Sign in", on: { submit } },
    field({
      label: "Token",
      name: "token",
      type: "password",
      required: true,
      help: "You stay signed in until you close this tab or sign out.",
    }),
    h("button", { type: "submit", class: first ? "primary" : null }, "Sign in"),
  );
}

function trial(enter) {
  return h(
    "div",
    { class: "panel" },
    h("p", {}, "This server runs with ", h("code", {}, "--auth dev"), ": authentication is OFF, every token is accepted."),
    h("p", {}, "Use any name as the token; ", h("code", {}, "admin"), " has all rights."),
    h("button", { type: "button", class: "primary", on: { click: () => enter("admin") } }, "Sign in as admin"),
  );
}

function ways() {
  const known = (session.about?.auth ?? []).filter((way) => way in OF_WAY);
  return h(
    "div",
    { class: "panel" },
    h("h2", {}, "What this server accepts"),
    h("ul", {}, known.map((way) => described(...OF_WAY[way]))),
  );
}

function described(name, how, command) {
  return h("li", {}, h("b", {}, name), ". ", how, " ", command ? h("code", {}, command) : null);
}
