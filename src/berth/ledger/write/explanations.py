"""Explanations of requests that do not fit, shared by all that ask for one on the same version of the fleet."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from berth.fleet.explain.explain import explain
from berth.fleet.state.fleet import Fleet
from berth.ledger.write.shared_work import SharedWork
from berth.ledger.write.shortlist import key_of
from berth.model.funnel import Funnel
from berth.model.request import CandidateRequest

MOST_KNOWN: Final = 32
"""How many explanations are remembered."""

_Key = tuple[object, int, int, bytes]


class Explanations:
    """Explanations by version of the fleet and request: a fleet that is full refuses many equal requests at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, Funnel] = OrderedDict()
        self._shared: SharedWork[Funnel] = SharedWork()

    def of_request(self, fleet: Fleet, request: CandidateRequest, wait_s: float) -> Funnel:
        """Return the funnel of a request, which must not be changed. Raises Unavailable, Invalid.

        fleet: a version that does not change; wait_s: how long to wait for another thread that explains the same.
        """
        key = (fleet.lineage, fleet.head, fleet.lapses.since, key_of(request))
        known = self._known.get(key)
        return known or self._shared.result(key, lambda: self._explained(key, fleet, request), wait_s)

    def _explained(self, key: _Key, fleet: Fleet, request: CandidateRequest) -> Funnel:
        funnel = explain(fleet, request)
        with self._lock:
            self._known[key] = funnel
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return funnel
