"""Counters of claims with a term: holds that were confirmed or extended, claims that Berth ended."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter

from berth.ledger.write.life_events import LifeEvent
from berth.model.ended_consumer import EndReason


class HoldMetrics:
    """The counters, each 0 from the beginning, so that its first rise is seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._confirmed = Counter("berth_confirmed_holds", "Holds that became claims.", registry=registry)
        self._extended = Counter("berth_extended_holds", "Holds that were given more time.", registry=registry)
        ended = "Claims that Berth ended, not their owners, by reason."
        self._ended = Counter("berth_ended_claims", ended, ("why",), registry=registry)
        self.add({})

    def add(self, events: Mapping[str, int]) -> None:
        """Count events, by LifeEvent or EndReason."""
        self._confirmed.inc(events.get(LifeEvent.CONFIRMED, 0))
        self._extended.inc(events.get(LifeEvent.EXTENDED, 0))
        for why in EndReason:
            self._ended.labels(why.value).inc(events.get(why, 0))
