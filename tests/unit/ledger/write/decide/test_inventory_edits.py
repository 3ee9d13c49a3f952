"""Edits of inventories of all that match, and trees: what changes, who is over capacity, what is refused as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from berth.ledger.write.decide import decide, inventory_edits
from berth.ledger.write.draft import Draft
from berth.model.change import Facts
from berth.model.commands import CreateProvider, CreateTrait, SetAggregates, SetInventories, SetTraits
from berth.model.edits import DeleteTree
from berth.model.errors import (
    CapacityBelowUse,
    ClassNotFound,
    Invalid,
    NothingMatches,
    ProviderNotFound,
    Refusal,
    ReservedExceedsTotal,
    TraitsNotFound,
    TreeInUse,
    UnitsContradict,
)
from berth.model.inventory import Inventory
from berth.model.inventory_edits import EditedInventories, EditInventories, InventoryFields
from berth.model.overview import ProviderFilter
from tests.unit.ledger.write.memory_ledger import ABSENT, EMPTY, HOST, POOL, MemoryLedger, filled

RACK = "aaaaaaaa-0000-4000-8000-000000000001"
SECOND, CHILD = (f"00000000-0000-4000-8000-0000000000{number}" for number in ("b2", "b3"))
FAST = "CUSTOM_FAST"


@pytest.fixture
def ledger() -> MemoryLedger:
    """HOST has 6 of 8 VCPU to claim, of which 4 are held; SECOND, in the rack, 16; CHILD, below it and fast, 16."""
    ledger = filled()
    sixteen = {"VCPU": Inventory(total=16)}
    ledger.carry_out(
        CreateTrait(name=FAST),
        CreateProvider(uuid=SECOND, name="second"),
        CreateProvider(uuid=CHILD, name="child", parent=SECOND),
        SetInventories(uuid=SECOND, inventories=sixteen),
        SetInventories(uuid=CHILD, inventories=sixteen | {"MEMORY_MB": Inventory(total=64)}),
        SetAggregates(uuid=SECOND, aggregates=(RACK,)),
        SetTraits(uuid=CHILD, traits=frozenset({FAST})),
    )
    return ledger


def edit(where: ProviderFilter | None, name: str = "VCPU", **fields: Any) -> EditInventories:
    options = {each: fields.pop(each) for each in ("over_capacity_ok", "dry_run") if each in fields}
    return EditInventories(where=where, resource_class=name, fields=InventoryFields(**fields), **options)


@pytest.mark.parametrize(
    ("where", "changed"),
    [
        (None, {HOST, SECOND, CHILD}),
        (ProviderFilter(aggregate=RACK), {SECOND}),
        (ProviderFilter(trait=FAST), {CHILD}),
        (ProviderFilter(root=SECOND), {SECOND, CHILD}),
        (ProviderFilter(name="OST"), {HOST}),
        (ProviderFilter(uuid=CHILD), {CHILD}),
        (ProviderFilter(root=SECOND, resource_class="MEMORY_MB"), {CHILD}),
    ],
)
def test_all_that_match_and_have_the_class(
    ledger: MemoryLedger, where: ProviderFilter | None, changed: set[str]
) -> None:
    """Their other fields and classes stay. A dry run says the same and changes nothing, nor does a second run."""
    draft = ledger.draft()
    given = {"allocation_ratio": 4.0, "max_unit": 100}
    expected = EditedInventories(len(changed), len(changed), [], 0)
    assert decide(draft, edit(where, **given, dry_run=True)) == expected
    assert draft.pop_facts() == (Facts(), Facts())
    before = {uuid: (draft.provider(uuid).generation, draft.inventories(draft.provider(uuid))) for uuid in changed}
    assert decide(draft, edit(where, **given)) == expected
    facts, was = draft.pop_facts()
    assert facts.inventories.keys() == facts.generations.keys() == changed
    for uuid, (generation, inventories) in before.items():
        old = inventories["VCPU"]
        new = Inventory(old.total, old.reserved, old.min_unit, 100, old.step_size, 4.0)
        assert facts.inventories[uuid] == inventories | {"VCPU": new}
        assert (facts.generations[uuid], was.inventories[uuid]) == (generation + 1, inventories)
    assert decide(draft, edit(where, **given)).changed == 0
    assert draft.pop_facts() == (Facts(), Facts())


def test_who_is_over_capacity(ledger: MemoryLedger) -> None:
    half, every = {"allocation_ratio": 0.5}, None
    dry: EditedInventories = decide(ledger.draft(), edit(every, **half, dry_run=True))
    assert [(each.uuid, each.name, each.used, each.capacity, each.capacity_before) for each in dry.over_capacity] == [
        (HOST, "host", 4, 3, 6)
    ]
    with pytest.raises(CapacityBelowUse, match=f"1 provider would have less VCPU .* Provider: {HOST}"):
        decide(ledger.draft(), edit(every, **half))
    assert ledger.carry_out(edit(every, **half, over_capacity_ok=True)) == [dry]
    # A capacity that rises is no reason to refuse, though it is still too small.
    risen = ledger.carry_out(edit(every, allocation_ratio=0.6))[0]
    assert [(each.capacity, each.capacity_before) for each in risen.over_capacity] == [(3, 3)]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (edit(None, name="CUSTOM_NONE", total=1), ClassNotFound),
        (edit(ProviderFilter(trait="CUSTOM_NONE"), total=1), TraitsNotFound),
        (edit(ProviderFilter(aggregate=ABSENT), total=1), NothingMatches),
        (edit(ProviderFilter(name="none"), total=1), NothingMatches),
        (edit(ProviderFilter(uuid=POOL), total=1), NothingMatches),
        (edit(None, reserved=16), ReservedExceedsTotal),
        (edit(None, max_unit=2, min_unit=3), UnitsContradict),
        (edit(None, min_unit=5), UnitsContradict),
        (edit(None, total=5), CapacityBelowUse),
        (DeleteTree(uuid=ABSENT), ProviderNotFound),
        (DeleteTree(uuid=HOST), TreeInUse),
        (DeleteTree(uuid=HOST, dry_run=True), TreeInUse),
    ],
)
def test_one_that_is_refused_changes_nothing(
    ledger: MemoryLedger, command: EditInventories | DeleteTree, error: type[Refusal]
) -> None:
    draft = ledger.draft()
    with pytest.raises(error):
        decide(draft, command)
    assert draft.pop_facts() == (Facts(), Facts())


def test_no_more_than_others_can_wait_for(ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory_edits, "MOST_EDITED", 2)
    with pytest.raises(Invalid, match="3 providers match: the limit is 2"):
        decide(ledger.draft(), edit(None, total=100))


def test_a_tree_is_deleted_from_below(ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    assert decide(draft, DeleteTree(uuid=SECOND, dry_run=True)) == [SECOND, CHILD]
    assert draft.pop_facts() == (Facts(), Facts())
    assert decide(draft, DeleteTree(uuid=SECOND)) == [SECOND, CHILD]
    facts, before = draft.pop_facts()
    assert facts.gone == [CHILD, SECOND]
    assert [each.uuid for each in before.providers] == [CHILD, SECOND]
    assert [uuid for uuid, each in draft.providers.items() if each.deleted] == [CHILD, SECOND]


def test_a_tree_in_use_says_which_of_it(ledger: MemoryLedger) -> None:
    draft: Draft = ledger.draft()
    with pytest.raises(TreeInUse, match=rf"Provider: {HOST}\. Held: 4 VCPU\.") as caught:
        decide(draft, DeleteTree(uuid=HOST))
    assert (caught.value.providers, caught.value.provider_count, caught.value.used) == ((HOST,), 1, {"VCPU": 4})
    assert decide(draft, DeleteTree(uuid=EMPTY)) == [EMPTY]
