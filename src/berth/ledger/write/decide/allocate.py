"""Finding and claiming in one step."""

from __future__ import annotations

from itertools import islice
from typing import Final

from berth.fleet.find.find import iter_candidates
from berth.fleet.find.search import Budget
from berth.ledger.write.decide.allocations import apply_claims, check_claims, collect_claims
from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.candidate import Candidate, Grant
from berth.model.commands import Claim
from berth.model.errors import CapacityExceeded, ConsumerGenerationConflict, NothingFits

MOST_TRIED: Final = 64
"""How many places are tried that the commands before in the batch may have filled."""


class Deferred(Exception):
    """What the batch has decided so far stands in the way of a quick answer: the command is for the next batch."""


def allocate(draft: Draft, command: commands.Allocate) -> Grant:
    """The first place where the request fits, held by its consumer from now on.

    Its batch has commands of this kind only, which take room and change nothing else. So whatever fits
    the draft is among what fits the fleet; and the first command of a batch finds the fleet as it is.
    """
    known = draft.consumer(command.consumer)
    if known is not None:
        raise ConsumerGenerationConflict(command.consumer, known.generation, None)
    budget, tried = Budget(), 0
    for candidate in islice(iter_candidates(draft.fleet, command.request, budget), MOST_TRIED):
        if _claim(draft, command, candidate):
            return Grant(command.consumer, 1, candidate.allocations, candidate.mappings)
        tried += 1
    if tried == MOST_TRIED or (tried and budget.exceeded):
        raise Deferred
    raise NothingFits(bounded=budget.exceeded)


def _claim(draft: Draft, command: commands.Allocate, candidate: Candidate) -> bool:
    """Claim a candidate. Return False if commands before in the batch have used up its room."""
    claim = Claim(
        consumer=command.consumer,
        allocations=candidate.allocations,
        project=command.project,
        user=command.user,
        generation=None,
        type=command.type,
    )
    collected = collect_claims(draft, (claim,), draft.inventory)
    try:
        check_claims(collected)
    except CapacityExceeded:
        return False
    apply_claims(draft, collected)
    return True
