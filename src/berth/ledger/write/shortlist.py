"""Shortlists: candidates for a claim, found before its command is carried out and weighed when it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import msgspec
from msgspec.structs import replace

from berth.fleet.find.budget import Budget
from berth.fleet.find.find import iter_candidates
from berth.fleet.state.fleet import Fleet
from berth.model.candidate import Candidate
from berth.model.errors import Refusal
from berth.model.request import CandidateRequest

FEW: Final = 16
"""How many candidates a search for one claim brings."""

MOST: Final = 512
"""How many candidates a shortlist has at most: for a whole batch of claims that each need one of their own."""

FURTHER_STEPS: Final = 1_000
"""Steps for further candidates, once there is one."""

_encode = msgspec.json.Encoder(order="deterministic").encode


def key_of(request: CandidateRequest) -> bytes:
    """Return a key that equal requests share, apart from their limits."""
    return _encode(replace(request, limit=None))


@dataclass(slots=True, eq=False)
class Shortlist:
    """Candidates of a request on one version of the fleet, in the order in which they were found.

    lineage, head: of that version; lapsed: when something lapsed last, of that version; complete: whether there are no
    others; bounded: whether the search gave up, so that there may be others; refusal: why the request has none on any
    fleet with these names. first: the candidates before it were used up by claims; wanted: how many this list was made
    for; users: how many claims have it; longer: the list that was made when there were too many of them.
    """

    lineage: object
    head: int
    lapsed: int = 0
    candidates: list[Candidate] = field(default_factory=list)
    complete: bool = False
    bounded: bool = False
    refusal: Refusal | None = None
    first: int = 0
    wanted: int = FEW
    users: int = 0
    longer: Shortlist | None = None

    @property
    def longest(self) -> Shortlist:
        """The longest list that was made of the request: all its claims take from that one, in their order."""
        longest = self
        while longest.longer is not None:
            longest = longest.longer
        return longest

    def describes(self, fleet: Fleet) -> bool:
        """Whether the candidates satisfy the request on this fleet as well, if they have room."""
        return self.lineage is fleet.lineage and fleet.restructured_at <= self.head

    def has_all_of(self, fleet: Fleet) -> bool:
        """Whether a claim for which no candidate has room cannot be granted, or not without a longer search."""
        return not self._may_have_more(fleet) and (self.complete or self.bounded)

    def suits_another_claim(self, fleet: Fleet) -> bool:
        """Whether one more claim may have it, on a fleet that is at least as recent."""
        if self._may_have_more(fleet):
            return False
        return self.complete or self.bounded or self.first < len(self.candidates)

    def _may_have_more(self, fleet: Fleet) -> bool:
        """Whether a fleet may have room that this one's version had not: made by a change, or by time."""
        made = fleet.room_made_at > self.head or fleet.lapses.since > self.lapsed
        return made or self.lineage is not fleet.lineage

    @property
    def is_too_short(self) -> bool:
        """Whether the claims that have it may use up all its candidates, and a search may find more."""
        return len(self.candidates) == self.wanted < MOST and self.users > self.wanted - self.first


def shortlist(fleet: Fleet, request: CandidateRequest, budget: Budget, wanted: int = FEW) -> Shortlist:
    """Search a fleet, which must not change while it does. budget: for the first candidate."""
    made = Shortlist(fleet.lineage, fleet.head, fleet.lapses.since, wanted=wanted)
    try:
        found = iter_candidates(fleet, request, budget)
    except Refusal as refusal:
        made.refusal, made.complete = refusal, True
        return made
    made.candidates = list(_first(found, budget, wanted))
    made.complete = len(made.candidates) < wanted and not budget.exceeded
    made.bounded = budget.exceeded and not made.candidates
    return made


def _first(found: Iterator[Candidate], budget: Budget, wanted: int) -> Iterator[Candidate]:
    """Yield the first candidates. A request for which one was hard to find may have fewer than are wanted."""
    for candidate in islice(found, wanted):
        budget.steps = budget.left = min(budget.left, FURTHER_STEPS)
        budget.total_left = min(budget.total_left, FURTHER_STEPS + wanted * 8)
        yield candidate
