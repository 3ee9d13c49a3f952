/** What is said where the ledger is empty: how machines come into it. */

import { h } from "./dom.js";
import { commandOptions, may } from "./session.js";
import { empty } from "./table.js";

/** How to begin, for who may. */
export function emptyLedger() {
  const writes = may("providers.create");
  return empty(
    "This ledger is empty",
    writes ? "On each machine to add, with Berth installed, run:" : "A role that may create providers is needed to add machines.",
    writes ? h("code", { class: "block" }, `berth discover --apply ${commandOptions()}`) : null,
    writes ? "Or import a whole fleet, one provider per line:" : null,
    writes ? h("code", { class: "block" }, `berth import fleet.jsonl ${commandOptions()}`) : null,
    "They appear here as they are added.",
  );
}
