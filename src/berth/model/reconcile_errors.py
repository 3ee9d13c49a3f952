"""The errors of reconciliation: why consumers cannot be ended, or their end not be undone."""

from __future__ import annotations

from collections.abc import Mapping

from berth.model.error_kinds import MOST_NAMED, Conflict, Invalid
from berth.model.plural import plural


class NothingAlive(Invalid):
    """The list of existing consumers is empty, which is probably a failure of the program that made it."""

    def __init__(self) -> None:
        super().__init__(
            "The list of existing consumers is empty, so every claim would be an orphan. "
            "If that is true, release the claims instead.",
            "/alive",
        )


class ReconcileTooLarge(Conflict):
    """More consumers would be released than the caller allows. orphans: how many; at_most: the limit."""

    def __init__(self, orphans: int, at_most: int) -> None:
        found = plural(orphans, "consumer")
        super().__init__(f"The claims of {found} would be released, but at most {at_most:,} are allowed.")
        self.orphans, self.at_most = orphans, at_most


class PlanOutdated(Conflict):
    """The plan has changed since the dry run. expect: the digest given; digest: that of the plan now, or ""."""

    def __init__(self, expect: str, digest: str = "") -> None:
        super().__init__(f"The plan {expect} is outdated: do a dry run again.")
        self.expect, self.digest = expect, digest


class CannotUndo(Conflict):
    """Claims that a change ended cannot be restored. why: for the first few consumers; count: of all of them."""

    def __init__(self, change: int, why: Mapping[str, str]) -> None:
        first = dict(list(why.items())[:MOST_NAMED])
        reason = "; ".join(f"{consumer}: {text.rstrip('.')}" for consumer, text in first.items())
        if not reason:
            reason = "it ended no known consumer, or was undone already"
        super().__init__(f"Change {change} cannot be undone. {reason[:1].upper()}{reason[1:]}.")
        self.change, self.why, self.count = change, first, len(why)
