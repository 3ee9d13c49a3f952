"""Which commands share a batch, and in which order they are decided."""

from __future__ import annotations

import random

import pytest

from berth.ledger.write import batch_plan
from berth.ledger.write.batch_plan import BatchPlan
from berth.ledger.write.pending_command import MOST_SEARCHES, PendingCommand
from berth.ledger.write.shortlist import Shortlist
from berth.model.caller import Caller
from berth.model.commands import (
    Allocate,
    Claim,
    Command,
    CreateTrait,
    DeleteProvider,
    ReleaseAllocations,
    SetAllocations,
    SetTraits,
)
from berth.model.request import CandidateRequest

COMMANDS: dict[str, Command] = {
    "allocate": Allocate(request=CandidateRequest(groups=()), consumer="", project="p", user="u"),
    "put": SetAllocations(claims=(Claim(consumer="", allocations={}, project="p", user="u"),)),
    "release": ReleaseAllocations(consumer=""),
    "traits": SetTraits(uuid="h", traits=frozenset()),
    "trait": CreateTrait(name="CUSTOM_X"),
    "delete": DeleteProvider(uuid="h"),
}


def _pending(words: str) -> PendingCommand:
    """Return a command of a kind, of a consumer (or "-"), by a caller: `allocate c1 ada`; `locked` for `allocate`."""
    kind, consumer, caller = words.split()
    command = COMMANDS["allocate" if kind == "locked" else kind]
    if isinstance(command, Allocate):
        command = Allocate(request=command.request, consumer=consumer, project="p", user="u")
    elif isinstance(command, SetAllocations):
        command = SetAllocations(claims=(Claim(consumer=consumer, allocations={}, project="p", user="u"),))
    elif isinstance(command, ReleaseAllocations):
        command = ReleaseAllocations(consumer=consumer)
    pending = PendingCommand(command, Caller(user=caller), words)
    pending.shortlist, pending.searches = Shortlist(None, 0), 1
    if kind == "locked":
        pending.shortlist, pending.searches = None, MOST_SEARCHES
    return pending


def _planned(*queued: str) -> tuple[list[str], list[str]]:
    """Return the commands of the next batch, as they are decided, and those that are left."""
    plan, left = BatchPlan(), []
    for words in queued:
        pending = _pending(words)
        if not plan.is_full and plan.admits(pending):
            plan.add(pending)
        else:
            plan.pass_by(pending)
            left.append(words)
    return [pending.request for pending in plan.commands], left


CASES: list[tuple[str, list[str], list[str], list[str]]] = [
    (
        "claims and releases are decided together, as they came",
        ["allocate c1 ada", "release c2 ada", "allocate c3 ada", "put c4 ada"],
        ["allocate c1 ada", "release c2 ada", "allocate c3 ada", "put c4 ada"],
        [],
    ),
    (
        "one with candidates comes before changes of providers",
        ["traits - bob", "put c1 ada", "allocate c2 ada"],
        ["allocate c2 ada", "traits - bob", "put c1 ada"],
        [],
    ),
    (
        "but not before what has to do with the same consumer",
        ["traits - bob", "release c1 ada", "allocate c1 ada", "allocate c2 ada"],
        ["allocate c2 ada", "traits - bob", "release c1 ada"],
        ["allocate c1 ada"],
    ),
    (
        "nor before changes of providers by the same caller",
        ["traits - ada", "allocate c1 ada", "traits - ada", "allocate c2 bob"],
        ["allocate c2 bob", "traits - ada", "traits - ada"],
        ["allocate c1 ada"],
    ),
    (
        "what needs a batch of its own lets others pass",
        ["put c1 ada", "delete - ada", "put c2 bob", "traits - bob"],
        ["put c1 ada", "put c2 bob", "traits - bob"],
        ["delete - ada"],
    ),
    (
        "but not what the same caller does after it",
        ["put c1 ada", "delete - ada", "traits - ada", "put c3 ada", "allocate c2 ada"],
        ["put c1 ada"],
        ["delete - ada", "traits - ada", "put c3 ada", "allocate c2 ada"],
    ),
    (
        "when it is first, it is alone",
        ["delete - ada", "put c1 ada"],
        ["delete - ada"],
        ["put c1 ada"],
    ),
    (
        "a search with the head locked is with others of its kind",
        ["locked c1 ada", "release c2 ada", "allocate c3 ada", "locked c4 ada"],
        ["locked c1 ada", "locked c4 ada"],
        ["release c2 ada", "allocate c3 ada"],
    ),
    (
        "and waits until it is first",
        ["release c2 ada", "locked c1 ada", "allocate c3 ada"],
        ["release c2 ada", "allocate c3 ada"],
        ["locked c1 ada"],
    ),
    (
        "the order of one consumer is kept when one waits",
        ["release c2 ada", "locked c1 ada", "release c1 ada", "allocate c1 ada"],
        ["release c2 ada"],
        ["locked c1 ada", "release c1 ada", "allocate c1 ada"],
    ),
]


@pytest.mark.parametrize(("queued", "decided", "left"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_next_batch(queued: list[str], decided: list[str], left: list[str]) -> None:
    assert _planned(*queued) == (decided, left)


def test_a_batch_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_plan, "MOST_IN_A_BATCH", 2)
    assert _planned("put c1 ada", "put c2 ada", "put c3 ada") == (["put c1 ada", "put c2 ada"], ["put c3 ada"])


def test_a_command_is_in_a_batch_once() -> None:
    """A thread that was interrupted may have put it back twice."""
    plan, pending = BatchPlan(), _pending("put c1 ada")
    plan.add(pending)
    plan.add(pending)
    assert plan.commands == [pending]


@pytest.mark.parametrize("seed", range(5))
def test_the_commands_of_one_caller_keep_their_order(seed: int) -> None:
    """Over as many batches as they need; candidates aside, which claims are weighed with before others change them."""
    chance = random.Random(seed)
    kinds = [kind for kind in COMMANDS if kind != "allocate"]
    left = queued = [f"{chance.choice(kinds)} c{chance.randrange(3)} ada" for _ in range(40)]
    decided: list[str] = []
    while left:
        batch, left = _planned(*left)
        decided += batch
    assert decided == queued
