"""A batch: what becomes of each command, and what the logs record."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from berth.fleet.find.budget import Budget
from berth.ledger.write import batch as batches
from berth.ledger.write.batch import decide_batch, record_refusals, target_of
from berth.ledger.write.pending_command import PendingCommand
from berth.ledger.write.shortlist import shortlist
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import (
    Allocate,
    Command,
    CreateProvider,
    CreateToken,
    CreateTrait,
    DeleteInventory,
    NewInventories,
    PutRecords,
    ReleaseAllocations,
    Reshape,
    SetAllocations,
    SetTraits,
)
from berth.model.errors import AllocationsNotFound, Forbidden
from berth.model.record import ProviderRecord
from berth.model.request import CandidateRequest, Group
from berth.model.token import Token
from berth.store.audit import Chain
from tests.unit.ledger.write.memory_ledger import HOST, NEW, OLD, OTHER, POOL, claim, filled

ADA = Caller(user="ada", name="ada's token")
OWNER = Caller(user="owner", trees=frozenset({HOST}))


def _pending(command: Command, caller: Caller = ADA) -> PendingCommand:
    return PendingCommand(command, caller, "req-1", Future[Any]())


def test_each_is_decided_on_what_those_before_have_left() -> None:
    commands = [CreateTrait(name="CUSTOM_X"), CreateTrait(name="CUSTOM_X"), ReleaseAllocations(consumer=NEW)]
    done = decide_batch([_pending(command) for command in commands], filled().draft(), 7, Chain(3, ""))
    assert [outcome.result for outcome in done.outcomes] == [True, False, None]
    assert [type(outcome.refusal) for outcome in done.outcomes] == [type(None), type(None), AllocationsNotFound]


def test_only_what_changes_something_is_logged() -> None:
    commands = [
        SetTraits(uuid=POOL, traits=frozenset()),
        ReleaseAllocations(consumer=OLD),
        ReleaseAllocations(consumer=OLD),
        CreateTrait(name="CUSTOM_X"),
    ]
    done = decide_batch([_pending(command) for command in commands], filled().draft(), 7, Chain(3, ""))
    assert [(change.number, change.operation) for change in done.log] == [(8, "ReleaseAllocations"), (9, "CreateTrait")]
    assert [(row["number"], row["change"], row["actor"], row["target"]) for row in done.chain.rows] == [
        (4, 8, "ada's token", OLD),
        (5, 9, "ada's token", "CUSTOM_X"),
    ]
    assert [row["before"] is None for row in done.chain.rows] == [False, True]


@pytest.mark.parametrize(("limit", "value"), [("MOST_BYTES", 0), ("MOST_S", 0)])
def test_a_batch_has_a_budget(limit: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one command is decided; the rest waits for the next batch."""
    monkeypatch.setattr(batches, limit, value)
    commands = [CreateTrait(name=f"CUSTOM_{number}") for number in range(3)]
    done = decide_batch([_pending(command) for command in commands], filled().draft(), 7, Chain(3, ""), batches.MOST_S)
    assert [(outcome.deferred, outcome.search) for outcome in done.outcomes] == [
        (False, False),
        (True, False),
        (True, False),
    ]
    assert len(done.log) == 1


def test_a_claim_whose_candidates_have_gone_is_searched_for_again() -> None:
    ledger = filled()
    command = Allocate(
        request=CandidateRequest(groups=(Group(resources={"DISK_GB": 50}),)), consumer=NEW, project="p", user="u"
    )
    pending = _pending(command)
    pending.shortlist = shortlist(ledger.fleet, command.request, Budget(), wanted=1)
    ledger.carry_out(SetAllocations(claims=(claim(OTHER, {POOL: {"DISK_GB": 1}}),)))
    done = decide_batch([pending, _pending(ReleaseAllocations(consumer=OTHER))], ledger.draft(), 7, Chain(3, ""))
    assert [(outcome.deferred, outcome.search) for outcome in done.outcomes] == [(True, True), (False, False)]


def test_an_owner_is_refused_before_the_command_is_decided() -> None:
    pending = [_pending(SetTraits(uuid=uuid, traits=frozenset({"HW_CPU_X86_AVX2"})), OWNER) for uuid in (POOL, HOST)]
    done = decide_batch(pending, filled().draft(), 0, Chain(0, ""))
    assert [type(outcome.refusal) for outcome in done.outcomes] == [Forbidden, type(None)]
    assert len(done.log) == 1


TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=())
TARGETS: list[tuple[Command, str]] = [
    (SetAllocations(claims=(claim(OLD, {}),)), OLD),
    (SetAllocations(claims=(claim(OLD, {}), claim(NEW, {}))), "2 consumers"),
    (Allocate(request=CandidateRequest(groups=()), consumer=NEW, project="p", user="u"), NEW),
    (ReleaseAllocations(consumer=OLD), OLD),
    (Reshape(inventories=(NewInventories(uuid=HOST, inventories={}, generation=0),), claims=()), "1 provider"),
    (CreateToken(token=TOKEN), "ci"),
    (PutRecords(records=(ProviderRecord(name="one"),)), "one"),
    (PutRecords(records=(ProviderRecord(name="one"), ProviderRecord(name="two"))), "2 records"),
    (CreateProvider(uuid=HOST, name="host"), HOST),
    (DeleteInventory(uuid=HOST, resource_class="VCPU"), HOST),
    (CreateTrait(name="CUSTOM_X"), "CUSTOM_X"),
]


@pytest.mark.parametrize(("command", "target"), TARGETS)
def test_the_target_of_a_command(command: Command, target: str) -> None:
    assert target_of(command) == target


@pytest.mark.parametrize(("left_out", "outcomes"), [(0, ["403"]), (3, ["403", "left out"])])
def test_refused_requests_and_the_number_of_those_left_out(left_out: int, outcomes: list[str]) -> None:
    refused = RefusedRequest(caller=ADA, request="req-1", operation="x", target="GET /", outcome="403", why="no")
    chain = Chain(0, "")
    record_refusals(chain, [refused], left_out, 5)
    assert [row["outcome"] for row in chain.rows] == outcomes
    assert {row["at"] for row in chain.rows} == {5}
    if left_out:
        assert chain.rows[-1]["why"].startswith("3 more")
