"""The search for candidates of a claim, before its command is queued and outside of every lock."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from berth.fleet.find.budget import FRUITLESS_STEPS, Budget
from berth.fleet.state.fleet import Fleet
from berth.ledger.request_scope import CurrentScope, NeedsTime
from berth.ledger.write.shared_work import SharedWork
from berth.ledger.write.shortlist import FEW, MOST, Shortlist, key_of, shortlist
from berth.model.request import CandidateRequest

BRIEF_STEPS: Final = 300
"""Steps of a search in a thread that must not take long: a few milliseconds when measured."""

BRIEF_S: Final = 0.005
"""The longest that such a thread goes on to further blocks of providers, in seconds."""

STEPS_AT_ONCE: Final = 1_000
"""Steps of a search that begins at once. One that needs more waits for its turn: there is one processor for all."""

UNSHARED: Final = 8
"""How many long searches may wait for their turns before they get fewer steps, so that all end in time."""

MARGIN_S: Final = 1.0
"""How long before the deadline of its request a search ends: what it found is still to be carried out."""

MOST_WAIT_S: Final = 20.0
"""How long a search waits for its turn, if its request has no deadline."""

MOST_KNOWN: Final = 256
"""How many shortlists are remembered."""


class CandidateSearch:
    """Searches for claims. Those with the same request share one search, and take its candidates one after another.

    pinned: gives a version of the fleet as this process knows it, which does not change inside the context.
    """

    def __init__(self, pinned: Callable[[], AbstractContextManager[Fleet]], current: CurrentScope) -> None:
        self._pinned, self._current = pinned, current
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Shortlist] = OrderedDict()
        self._shared: SharedWork[Shortlist] = SharedWork()
        self._turn = threading.Semaphore()
        self._waiting = 0

    def shortlist(self, request: CandidateRequest, fleet: Fleet, *, in_turn: bool = True) -> Shortlist:
        """Return candidates of a request: those of an earlier claim if they suit, otherwise search.

        fleet: the current one, of which only its numbers are looked at. in_turn: whether a long search waits for others
        to end. Raises NeedsTime, Unavailable.
        """
        key = key_of(request)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.suits_another_claim(fleet):
                known.users += 1
                if not known.is_too_short:
                    return known
                wanted = min(2 * known.wanted, MOST)
            else:
                known, wanted = None, FEW
        made = self._search(key, request, wanted, in_turn)
        with self._lock:
            made.users += 1
            if known is not None and known is not made:
                known.longer = made
            self._known[key] = made
            self._known.move_to_end(key)
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return made

    def _search(self, key: bytes, request: CandidateRequest, wanted: int, in_turn: bool) -> Shortlist:
        if self._current.is_brief:
            return self._search_briefly(key, request, wanted)
        ends = self._ends()
        while True:
            wait_s = max(0.0, ends + MARGIN_S - time.monotonic())
            try:
                return self._shared.result(key, lambda: self._search_at_length(request, wanted, in_turn, ends), wait_s)
            except NeedsTime:
                self._current.require_time(long=True)  # else it was another thread that has no time for it

    def _search_briefly(self, key: bytes, request: CandidateRequest, wanted: int) -> Shortlist:
        if self._shared.is_running(key):
            self._current.require_time()
        made = self._made(request, BRIEF_STEPS, wanted, time.monotonic() + BRIEF_S)
        if made.bounded:
            self._current.require_time()
        return made

    def _search_at_length(self, request: CandidateRequest, wanted: int, in_turn: bool, ends: float) -> Shortlist:
        if not in_turn:
            return self._made(request, FRUITLESS_STEPS, wanted)
        made = self._made(request, STEPS_AT_ONCE, wanted)
        if not made.bounded:
            return made
        self._current.require_time(long=True)
        self._count(1)
        try:
            return self._search_in_turn(request, wanted, ends) or made
        finally:
            self._count(-1)

    def _search_in_turn(self, request: CandidateRequest, wanted: int, ends: float) -> Shortlist | None:
        """Search when it is this thread's turn; again if it was cut short because others waited, and there is time."""
        made = None
        for _ in range(2):
            if not self._turn.acquire(timeout=max(0.0, ends - time.monotonic())):
                return made
            try:
                steps = FRUITLESS_STEPS * UNSHARED // max(UNSHARED, self._waiting)
                made = self._made(request, steps, wanted)
            finally:
                self._turn.release()
            if not made.bounded or steps == FRUITLESS_STEPS:
                return made
        return made

    def _made(self, request: CandidateRequest, steps: int, wanted: int, ends: float = math.inf) -> Shortlist:
        with self._pinned() as fleet:
            return shortlist(fleet, request, Budget.limited(steps, ends), wanted)

    def _ends(self) -> float:
        """Return when searches for the present request have to end, by time.monotonic()."""
        return time.monotonic() + self._current.remaining_s(MOST_WAIT_S) - MARGIN_S

    def _count(self, change: int) -> None:
        with self._lock:
            self._waiting += change
