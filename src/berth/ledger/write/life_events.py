"""What becomes of claims with a term, counted: holds that are confirmed or extended, claims that Berth ends."""

from __future__ import annotations

import enum

from berth.model.change import Change, Facts
from berth.model.commands import Confirm, Extend


class LifeEvent(enum.StrEnum):
    """What happened to a claim with a term. Those that Berth ended have the names of EndReason."""

    CONFIRMED = "confirmed"
    EXTENDED = "extended"


def life_events(change: Change, before: Facts) -> list[LifeEvent]:
    """Return how holds were confirmed or extended by a change. before: the state before it, of what it touched."""
    if change.operation == Confirm.__name__:
        return [LifeEvent.CONFIRMED]
    if change.operation == Extend.__name__:
        return [LifeEvent.EXTENDED]
    facts = change.facts
    pending = [uuid for uuid, span in before.terms.items() if span.deadline is not None and facts.claims.get(uuid)]
    left = (facts.terms.get(uuid) for uuid in pending)
    return [LifeEvent.CONFIRMED for span in left if span is None or span.deadline is None]
