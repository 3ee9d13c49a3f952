/** What went wrong, in words that say what to do next. */

import { Refused, Unreachable } from "./api.js";
import { h } from "./dom.js";
import { plural } from "./format.js";
import { reason } from "./refusals.js";
import { session } from "./session.js";

const OF_STATUS = {
  401: ["You are not signed in", "Sign in with a token that is valid now."],
  403: ["You are not allowed to do this", "Ask an administrator for a role that allows it."],
  404: ["Not found", "It may have been deleted or renamed since the link was made."],
  409: ["Refused", "The request conflicts with the current state of the ledger."],
  429: ["Too many requests", ""],
  503: ["The ledger cannot answer now", "Its database may be unavailable."],
};

/** Whether asking again later may help. */
export const passing = (error) => error instanceof Unreachable || [429, 502, 503, 504].includes(error.status);

/** A failure as a title, and sentences or paragraphs. again: whether it is asked again without anybody doing anything. */
function told(error, { again = false } = {}) {
  const later = passing(error) ? next(error, again) : "";
  if (error instanceof Unreachable) return [error.message, "The server may be stopped, or the network may be down.", later];
  if (!(error instanceof Refused)) return ["This page failed", String(error.message || error)];
  const [title, advice] = OF_STATUS[error.status] || ["The server refused this", ""];
  return [title, reason(error), advice, later].filter(Boolean);
}

function next(error, again) {
  if (again) return "This page tries again automatically.";
  return error.retryAfter ? `Try again in ${plural(error.retryAfter, "second")}.` : "Try again later.";
}

/** A failure as a box that is read out. again: as of told. */
export function box(error, { again = false } = {}) {
  const [title, ...said] = told(error, { again });
  const id = error.problem?.request_id;
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", { class: "title" }, title),
    said.map((each) => (each instanceof Node ? each : h("p", {}, each))),
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
    h("p", { class: "title" }, "Your roles do not allow this page"),
    h("p", {}, "This page needs the operation ", h("code", {}, operation), `, which your roles do not allow. Your roles: ${roles}.`),
    h("p", {}, "You can open the other pages in the menu."),
  );
}
