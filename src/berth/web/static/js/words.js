/** What went wrong, in words that say what to do next. */

import { Refused, Unreachable } from "./api.js";
import { h } from "./dom.js";
import { session } from "./session.js";

const OF_STATUS = {
  401: ["You are not signed in", "Sign in with a token that is valid now."],
  403: ["You may not do this", "Ask an administrator for a role that may."],
  404: ["There is no such thing", "It may have been deleted or renamed since the link was made."],
  409: ["Refused", "The ledger has changed, or its rules speak against it."],
  429: ["Too many requests", "This page asks again by itself in a moment."],
  503: ["The ledger cannot answer now", "Its database may be away. This page asks again by itself."],
};

/** Whether asking again later may help. */
export const passing = (error) => error instanceof Unreachable || [429, 502, 503, 504].includes(error.status);

/** A failure as a title and sentences. */
export function told(error) {
  if (error instanceof Unreachable) {
    return [error.message, "It may be stopped, or the network may be down. This page asks again by itself."];
  }
  if (!(error instanceof Refused)) return ["This page failed", String(error.message || error)];
  const [title, next] = OF_STATUS[error.status] || ["The server refused this", ""];
  return [title, error.message, next].filter(Boolean);
}

/** A failure as a box that is read out. */
export function box(error) {
  const [title, ...said] = told(error);
  const id = error.problem?.request_id;
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", { class: "title" }, title),
    said.map((each) => h("p", {}, each)),
    error.problem?.nearest?.length ? h("p", {}, `Is it ${error.problem.nearest.join(", ")}?`) : null,
    id ? h("p", { class: "quiet" }, "Request ", h("code", {}, id)) : null,
  );
}

/** Why a page is not shown to us. */
export function forbidden(operation) {
  const roles = session.me.roles.join(", ") || "none";
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", { class: "title" }, "Your roles may not look at this page"),
    h("p", {}, "It needs the operation ", h("code", {}, operation), `, and the policy does not let you do that. Your roles: ${roles}.`),
    h("p", {}, "The other pages in the menu are yours."),
  );
}
