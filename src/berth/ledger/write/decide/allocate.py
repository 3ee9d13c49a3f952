"""Claims for which a place is found: their candidates are weighed, and searched for only if that cannot be avoided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from berth.fleet.find.budget import Budget
from berth.fleet.find.find import iter_candidates
from berth.ledger.write.decide.allocations import apply_claims, check_claims, collect_claims, generation_conflict
from berth.ledger.write.decide.granted import earlier_grant
from berth.ledger.write.draft import Draft
from berth.ledger.write.shortlist import Shortlist, key_of
from berth.model import commands
from berth.model.candidate import Candidate, Grant
from berth.model.commands import Claim
from berth.model.errors import CapacityExceeded, NothingFits, ProviderDrained


class Deferred(Exception):
    """The command has to wait for the next batch, with other candidates or with a budget of its own."""


class LockedSearch:
    """Searches while the head is locked, all of one batch with one budget. Equal requests share one search.

    A batch with such a search has claims only, and they only use up room. So what fits the draft is among the
    candidates of the fleet, and what was tried in vain for one claim need not be tried for the next.
    """

    def __init__(self, draft: Draft, budget: Budget) -> None:
        self.budget = budget
        self._draft = draft
        self._found: dict[bytes, Iterator[Candidate]] = {}
        self._next: dict[bytes, Candidate] = {}

    def candidates(self, command: commands.Allocate) -> Iterator[Candidate]:
        """Yield candidates until none is left or the budget is over, beginning with the one that was granted last."""
        key = key_of(command.request)
        if key not in self._found:
            self._found[key] = iter_candidates(self._draft.fleet, command.request, self.budget)
        while not self.budget.exceeded:
            candidate = self._next.pop(key, None) or next(self._found[key], None)
            if candidate is None:
                return
            self._next[key] = candidate
            yield candidate
            del self._next[key]
            self.budget.take_block()


def allocate(draft: Draft, command: commands.Allocate, shortlist: Shortlist | None, search: LockedSearch) -> Grant:
    """Claim the first candidate that has room, for a new consumer. Raises a Refusal, or Deferred.

    If the consumer holds exactly what the request asks for, and nothing has changed it since, its grant is the answer.
    shortlist: the candidates; None to search the fleet for them now.
    """
    consumer = draft.consumer(command.consumer)
    if consumer is not None:
        grant = earlier_grant(draft, consumer, command)
        if grant is not None:
            return grant
        raise generation_conflict(command.consumer, consumer, None)
    if shortlist is None:
        return _search(draft, command, search)
    shortlist = shortlist.longest
    if not shortlist.describes(draft.fleet):
        raise Deferred
    if shortlist.refusal is not None:
        raise shortlist.refusal
    grant = _granted(draft, command, _untried(draft, shortlist))
    if grant is None:
        # What other commands of this batch release is room as well, from the next batch on.
        if draft.claims_only and shortlist.has_all_of(draft.fleet):
            raise NothingFits(bounded=shortlist.bounded)
        raise Deferred
    return grant


def _untried(draft: Draft, shortlist: Shortlist) -> Iterator[Candidate]:
    """Yield the candidates that were not used up yet, by earlier commands of this batch or before it."""
    for index in range(draft.tried.get(shortlist, shortlist.first), len(shortlist.candidates)):
        draft.tried[shortlist] = index
        yield shortlist.candidates[index]
        draft.tried[shortlist] = index + 1


def _search(draft: Draft, command: commands.Allocate, search: LockedSearch) -> Grant:
    grant = _granted(draft, command, search.candidates(command))
    if grant is None:
        if search.budget.exceeded and draft.decided:
            raise Deferred
        raise NothingFits(bounded=search.budget.exceeded)
    return grant


def _granted(draft: Draft, command: commands.Allocate, candidates: Iterable[Candidate]) -> Grant | None:
    """Claim the first of these candidates that has room; return None if none has."""
    for candidate in candidates:
        if _claim(draft, command, candidate):
            return Grant(command.consumer, 1, candidate.allocations, candidate.mappings)
    return None


def _claim(draft: Draft, command: commands.Allocate, candidate: Candidate) -> bool:
    """Claim a candidate. Return False if other claims have used up its room."""
    claim = Claim(
        consumer=command.consumer,
        allocations=candidate.allocations,
        project=command.project,
        user=command.user,
        generation=None,
        type=command.type,
        term=command.term,
        name=command.name,
        note=command.note,
    )
    collected = collect_claims(draft, (claim,), draft.inventory)
    try:
        check_claims(collected)
    except (CapacityExceeded, ProviderDrained):
        return False
    apply_claims(draft, collected)
    return True
