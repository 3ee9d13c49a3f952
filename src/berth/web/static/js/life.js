/** How long claims count: in words that stay true while the page is open. */

import { h } from "./dom.js";
import { moment, until } from "./format.js";

const TICK_MS = 5000;

/** A time that is left, in seconds, which goes on while it is shown. */
function left(seconds) {
  return h("span", { class: "left", "data-until": Date.now() + seconds * 1000 }, until(seconds));
}

/** Let the times that are left go on. */
export function keepTime() {
  setInterval(() => {
    for (const each of document.querySelectorAll(".left")) {
      each.textContent = until(Math.max(0, Math.round((Number(each.dataset.until) - Date.now()) / 1000)));
    }
  }, TICK_MS);
}

/** The column of a list that says how long claims still count; none if all of them count for ever. items: null for any. */
export function endsColumn(items) {
  if (items?.every((each) => each.expires_in === null && each.state === "confirmed")) return [];
  const state = (each) => (each.state === "confirmed" ? "" : ` (${each.state})`);
  return [{ label: "Ends in", cell: (each) => [each.expires_in === null ? "" : left(each.expires_in), state(each)] }];
}

const REASONS = {
  lapsed: "Its hold lapsed",
  ended: "Its claim ended",
  reconciled: "A reconciliation ended its claim",
  silent: "Its claim ended with its lease, which was not renewed",
};

/** Why a consumer has no allocations. */
export function endSentence(ended) {
  if (!ended) return "It never had claims, or they were released: see its history.";
  return [REASONS[ended.why] ?? "Berth ended its claim", ": ", moment(ended.at), "."];
}

const STATES = { pending: "pending: not confirmed yet", overdue: "overdue: its lease is not renewed" };

/** The same of one consumer, as facts. */
export function lifeFacts(consumer) {
  const { state, start, end, deadline, expires_in: seconds } = consumer;
  const due = end !== null && (deadline === null || end < deadline) ? end : deadline;
  const at = (instant) => [moment(instant), ...(instant === due ? [" (in ", left(seconds), ")"] : [])];
  return [
    ["State", STATES[state] ?? state],
    consumer.lease === null ? null : ["Kept by lease", consumer.lease],
    start === null ? null : ["Claimed since", moment(start)],
    deadline === null ? null : ["Confirm before", at(deadline)],
    end === null ? null : ["Ends", at(end)],
  ];
}
