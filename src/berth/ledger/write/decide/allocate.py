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
"""How many candidates are tried that earlier commands of the batch may have filled."""


class Deferred(Exception):
    """The command belongs in the next batch: too many candidates were filled by earlier commands of this one."""


def allocate(draft: Draft, command: commands.Allocate) -> Grant:
    """Claim the first candidate that fits, for a new consumer.

    A batch with this command has no other kind, and it only uses up room. So what fits the draft is among the
    candidates of the fleet, and for the first command of a batch all of those fit.
    """
    consumer = draft.consumer(command.consumer)
    if consumer is not None:
        raise ConsumerGenerationConflict(command.consumer, consumer.generation, None)
    budget, tried = Budget(), 0
    for candidate in islice(iter_candidates(draft.fleet, command.request, budget), MOST_TRIED):
        if _claim(draft, command, candidate):
            return Grant(command.consumer, 1, candidate.allocations, candidate.mappings)
        tried += 1
    if tried == MOST_TRIED or (tried and budget.exceeded):
        raise Deferred
    raise NothingFits(bounded=budget.exceeded)


def _claim(draft: Draft, command: commands.Allocate, candidate: Candidate) -> bool:
    """Claim a candidate. Return False if earlier commands of the batch have used up its room."""
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
