"""Counters of claims with a term: holds that were confirmed or extended, claims that Berth ended."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter

from berth.ledger.write.life_events import LifeEvent
from berth.model.ended_consumer import EndReason


class HoldMetrics:
    """The counters, each 0 from the beginning, so that its first rise is seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._confirmed = Counter("berth_confirmed_holds", "Holds that became claims.", registry=registry)
        self._extended = Counter("berth_extended_holds", "Holds that were given more time.", registry=registry)
        ended = "Claims that Berth ended itself, by reason."
        self._ended = Counter("berth_ended_claims", ended, ("why",), registry=registry)
        self.add(())

    def add(self, events: Sequence[str]) -> None:
        """Count events, by LifeEvent or EndReason."""
        self._confirmed.inc(events.count(LifeEvent.CONFIRMED))
        self._extended.inc(events.count(LifeEvent.EXTENDED))
        for why in EndReason:
            self._ended.labels(why.value).inc(events.count(why))
