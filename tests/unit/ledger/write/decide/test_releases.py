"""Releases of several consumers: which of them, what of theirs, how many at once, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from berth.ledger.write.decide import decide
from berth.model.change import Facts
from berth.model.commands import CreateProvider, SetAllocations, SetInventories
from berth.model.errors import ProviderNotFound
from berth.model.inventory import Inventory
from berth.model.releases import ReleasedPage, ReleaseMatching
from tests.unit.ledger.write.memory_ledger import (
    ABSENT,
    EMPTY,
    HOST,
    NEW,
    OLD,
    OTHER,
    POOL,
    MemoryLedger,
    claim,
    filled,
)

GPU = "00000000-0000-4000-8000-0000000000a0"
"""A provider below the host."""


@pytest.fixture
def ledger() -> MemoryLedger:
    """OLD and NEW hold some of the host, of its GPU and of the pool, OTHER of the pool; NEW is of another project."""
    ledger = filled()
    everywhere = {HOST: {"VCPU": 1, "MEMORY_MB": 10}, GPU: {"VCPU": 2}, POOL: {"DISK_GB": 5}}
    ledger.carry_out(
        CreateProvider(uuid=GPU, name="gpu", parent=HOST),
        SetInventories(uuid=GPU, inventories={"VCPU": Inventory(total=8)}),
        SetAllocations(
            claims=(
                claim(OLD, everywhere),
                claim(NEW, everywhere, project="q", type="VM"),
                claim(OTHER, {POOL: {"DISK_GB": 7}}),
            )
        ),
    )
    return ledger


def release(ledger: MemoryLedger, **fields: Any) -> ReleasedPage:
    page: ReleasedPage = ledger.carry_out(ReleaseMatching(**fields))[0]
    return page


def used(ledger: MemoryLedger) -> list[int]:
    """Return how much is held of the host, of its GPU and of the pool."""
    draft = ledger.draft()
    places = ((HOST, "VCPU"), (HOST, "MEMORY_MB"), (GPU, "VCPU"), (POOL, "DISK_GB"))
    return [draft.used(draft.provider(uuid), name) for uuid, name in places]


@pytest.mark.parametrize(
    ("fields", "consumers", "left"),
    [
        ({"consumers": (OLD, OTHER)}, [OLD, OTHER], [1, 10, 2, 5]),
        ({"consumers": (OLD, ABSENT), "on": HOST}, [OLD], [1, 10, 2, 17]),
        ({"consumers": (OLD,), "on": GPU}, [OLD], [2, 20, 2, 17]),
        ({"consumers": (OTHER,), "on": HOST}, [], [2, 20, 4, 17]),
        ({"consumers": ()}, [], [2, 20, 4, 17]),
        ({"project": "q"}, [NEW], [1, 10, 2, 12]),
        ({"project": "q", "on": POOL}, [NEW], [2, 20, 4, 12]),
        ({"project": "q", "consumers": (OLD,)}, [], [2, 20, 4, 17]),
        ({"project": "none"}, [], [2, 20, 4, 17]),
        ({"holders_of": HOST}, [OLD, NEW], [0, 0, 0, 7]),
        ({"holders_of": GPU, "project": "p"}, [OLD], [1, 10, 2, 12]),
        ({"holders_of": GPU, "on": POOL}, [OLD, NEW], [2, 20, 4, 7]),
        ({"holders_of": EMPTY}, [], [2, 20, 4, 17]),
        ({"on": HOST}, [OLD, NEW], [0, 0, 0, 17]),
        ({"on": POOL}, [OLD, NEW, OTHER], [2, 20, 4, 0]),
    ],
)
def test_who_and_what(ledger: MemoryLedger, fields: dict[str, Any], consumers: list[str], left: list[int]) -> None:
    """A dry run returns the same and changes nothing; a second run finds nothing of these any more."""
    dry, before = release(ledger, **fields, dry_run=True), used(ledger)
    page = release(ledger, **fields)
    assert dry == page
    assert before == [2, 20, 4, 17]
    assert ([each.consumer for each in page.items], page.next) == (sorted(consumers), None)
    assert used(ledger) == left
    assert release(ledger, **fields).items == []


def test_a_part_leaves_the_consumer_with_the_rest(ledger: MemoryLedger) -> None:
    page = release(ledger, consumers=(NEW, OTHER), on=POOL)
    assert [(each.released, each.project, each.type, each.ended) for each in page.items] == [
        ({POOL: {"DISK_GB": 5}}, "q", "VM", False),
        ({POOL: {"DISK_GB": 7}}, "p", None, True),
    ]
    consumers, draft = ledger.consumers, ledger.draft()
    assert consumers.keys() == {OLD, NEW}
    assert consumers[NEW].held == {HOST: {"VCPU": 1, "MEMORY_MB": 10}, GPU: {"VCPU": 2}}
    assert consumers[NEW].generation == 2, "others that write it have to read it again"
    assert draft.provider(POOL).generation == 2, "only room was gained"


def test_facts_are_the_consumers_as_they_are_then_and_as_they_were(ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    decide(draft, ReleaseMatching(consumers=(OLD,), on=HOST))
    facts, before = draft.pop_facts()
    assert facts.claims == {OLD: {POOL: {"DISK_GB": 5}}}
    assert facts.used == {HOST: {"VCPU": 1, "MEMORY_MB": 10}, GPU: {"VCPU": 2}}
    assert facts.owners[OLD].project == "p"
    assert before.claims[OLD].keys() == {HOST, GPU, POOL}


def test_pages(ledger: MemoryLedger) -> None:
    first = release(ledger, on=POOL, limit=2, dry_run=True)
    second = release(ledger, on=POOL, limit=2, after=first.next, dry_run=True)
    assert [each.consumer for each in (*first.items, *second.items)] == sorted([OLD, NEW, OTHER])
    assert (first.next, second.next) == (NEW, None)
    released = [[each.consumer for each in release(ledger, on=POOL, limit=2).items] for _ in range(3)]
    assert released == [[OLD, NEW], [OTHER], []]


@pytest.mark.parametrize("field", ["on", "holders_of"])
def test_an_unknown_provider_is_refused(ledger: MemoryLedger, field: str) -> None:
    draft = ledger.draft()
    with pytest.raises(ProviderNotFound):
        decide(draft, ReleaseMatching(project="p", **{field: ABSENT}))
    assert draft.pop_facts() == (Facts(), Facts())
