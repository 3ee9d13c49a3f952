"""Finding and claiming in one step: exact however many do so in one batch."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import berth
from berth import CandidateRequest, Group, Inventory
from berth.ledger.write import candidate_search
from berth.model.commands import Allocate, Command, CreateTrait, ReleaseAllocations, SetTraits
from berth.model.errors import BerthError, DatabaseUnusable, NothingFits, Unavailable


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[berth.Ledger]:
    with berth.open(f"sqlite:///{tmp_path}/ledger.db") as it:
        yield it


def wanting(**groups: dict[str, int]) -> CandidateRequest:
    """One group for each; "_" stands for the one without a suffix."""
    asked = tuple(Group(resources=each, suffix=name.removesuffix("_")) for name, each in groups.items())
    return CandidateRequest(groups=asked, isolate=True)


def fleet(ledger: berth.Ledger, hosts: int, devices: int, each: int) -> None:
    for host in range(hosts):
        root = ledger.create_provider(f"host-{host}").uuid
        ledger.set_inventories(root, {"VCPU": Inventory(each)})
        for device in range(devices):
            uuid = ledger.create_provider(f"host-{host}-{device}", parent=root).uuid
            ledger.set_inventories(uuid, {"PGPU": Inventory(1)})


def asking(request: CandidateRequest) -> Allocate:
    return Allocate(request=request, consumer=str(uuid4()), project="p", user="u")


def together(ledger: berth.Ledger, commands: list[Command]) -> list[Future[Any]]:
    """What became of commands that were all there before the first was carried out."""
    answers = [ledger.queue(command) for command in commands]
    ledger.work()
    return answers


def refused(answer: Future[Any]) -> type[BaseException] | None:
    error = answer.exception(timeout=30)
    return None if error is None else type(error)


@pytest.mark.parametrize(
    ("request_", "room"),
    [
        (wanting(_={"VCPU": 3}), 4 * 2),
        (wanting(_={"VCPU": 8}), 4),
        (wanting(_1={"PGPU": 1}), 4 * 6),
        (wanting(_1={"PGPU": 1}, _2={"PGPU": 1}), 4 * 3),
        (wanting(_={"VCPU": 1}, _1={"PGPU": 1}, _2={"PGPU": 1}, _3={"PGPU": 1}), 4 * 2),
        (wanting(_={"VCPU": 9}), 0),
    ],
)
@pytest.mark.parametrize("few", [1, 3, candidate_search.FEW])
def test_as_many_as_there_is_room_for(
    request_: CandidateRequest, room: int, few: int, ledger: berth.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidate_search, "FEW", few)
    fleet(ledger, hosts=4, devices=6, each=8)
    answers = together(ledger, [asking(request_) for _ in range(room + 10)])
    assert [refused(answer) for answer in answers] == [None] * room + [NothingFits] * 10
    for answer in answers[:room]:
        granted = answer.result()
        assert ledger.consumer(granted.consumer).allocations == granted.allocations


def test_nobody_is_refused_while_others_make_room(ledger: berth.Ledger) -> None:
    """What is queued together is concurrent: a claim that finds nothing waits for what is released with it."""
    fleet(ledger, hosts=1, devices=0, each=4)
    host = ledger.providers()[0].uuid
    ledger.create_trait("CUSTOM_OLD")
    all_of_it, first = wanting(_={"VCPU": 4}), asking(wanting(_={"VCPU": 4}))
    modern = CandidateRequest(groups=(Group(resources={"VCPU": 4}, forbidden=frozenset({"CUSTOM_OLD"})),))
    together(ledger, [first])
    commands: list[tuple[Command, type[BerthError] | None]] = [
        (asking(all_of_it), None),
        (ReleaseAllocations(consumer=first.consumer), None),
        (SetTraits(uuid=host, traits=frozenset({"CUSTOM_OLD"})), None),
        (asking(modern), NothingFits),
        (asking(all_of_it), NothingFits),
        (CreateTrait(name="CUSTOM_NEW"), None),
    ]
    answers = together(ledger, [command for command, _ in commands])
    assert [refused(answer) for answer in answers] == [kind for _, kind in commands]


def test_the_order_of_one_consumer_is_kept(ledger: berth.Ledger) -> None:
    fleet(ledger, hosts=1, devices=0, each=4)
    mine = asking(wanting(_={"VCPU": 4}))
    release = ReleaseAllocations(consumer=mine.consumer)
    commands: list[Command] = [mine, release, mine, release, mine]
    answers = together(ledger, commands)
    assert [refused(answer) for answer in answers] == [None] * 5
    assert ledger.consumer(mine.consumer).allocations == answers[-1].result().allocations


def test_claims_and_releases_share_commits(ledger: berth.Ledger) -> None:
    """Whatever the order in which they come."""
    fleet(ledger, hosts=20, devices=0, each=8)
    held = [asking(wanting(_={"VCPU": 1})) for _ in range(50)]
    together(ledger, [*held])
    head = ledger.head()
    mixed = [[asking(wanting(_={"VCPU": 1})), ReleaseAllocations(consumer=each.consumer)] for each in held]
    answers = together(ledger, [command for pair in mixed for command in pair])
    assert [refused(answer) for answer in answers] == [None] * 100
    assert len({change.at for change in ledger.changes(head, most=200)}) == 1


def test_they_share_commits(ledger: berth.Ledger) -> None:
    """A hundred in one batch have one time: that of their commit."""
    fleet(ledger, hosts=20, devices=0, each=8)
    head = ledger.head()
    together(ledger, [asking(wanting(_={"VCPU": 1})) for _ in range(100)])
    changes = ledger.changes(head, most=200)
    assert len(changes) == 100
    assert len({change.at for change in changes}) == 1


@pytest.mark.parametrize("away", [Unavailable, DatabaseUnusable])
def test_a_refusal_stands_although_nobody_can_say_why(
    ledger: berth.Ledger, monkeypatch: pytest.MonkeyPatch, away: type[BerthError]
) -> None:
    """The command was decided; then the database became unreachable, before the reasons could be looked up."""

    def gone() -> None:
        raise away("it is away")

    command = asking(wanting(_={"VCPU": 1}))
    refusal = together(ledger, [command])[0].exception(30)
    monkeypatch.setattr(ledger._writer, "refresh", gone)
    assert isinstance(refusal, NothingFits)
    assert ledger.explained(command, refusal) is refusal
