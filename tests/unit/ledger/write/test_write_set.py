"""Which rows a batch writes."""

from __future__ import annotations

import pytest
from msgspec.structs import asdict

from berth.ledger.write.decide import decide
from berth.ledger.write.write_set import write_set_of
from berth.model.commands import (
    AddInventory,
    Command,
    CreateClass,
    CreateProvider,
    CreateToken,
    CreateTrait,
    DeleteProvider,
    ReleaseAllocations,
    RevokeToken,
    SetAggregates,
    SetAllocations,
    SetInventories,
    SetTraits,
    UpdateProvider,
)
from berth.model.inventory import Inventory
from berth.model.token import Token
from tests.unit.ledger.write.memory_ledger import ABSENT, EMPTY, HOST, NEW, OLD, POOL, claim, filled

TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))
CREATE = CreateProvider(uuid=ABSENT, name="new")

WRITTEN: dict[str, tuple[tuple[Command, ...], dict[str, int]]] = {
    "a new provider": ((CREATE,), {"add_providers": 1}),
    "a new provider with inventories": (
        (CREATE, SetInventories(uuid=ABSENT, inventories={"VCPU": Inventory(total=1)})),
        {"add_providers": 1, "add_inventories": 1},
    ),
    "a provider's new name": ((UpdateProvider(uuid=POOL, name="renamed"),), {"change_providers": 1}),
    "a provider that goes": (
        (DeleteProvider(uuid=EMPTY),),
        {"clear_inventories": 1, "clear_traits": 1, "clear_aggregates": 1, "delete_providers": 1},
    ),
    "one more inventory": (
        (AddInventory(uuid=HOST, resource_class="DISK_GB", inventory=Inventory(total=1)),),
        {"clear_inventories": 1, "touch_providers": 1, "add_inventories": 3},
    ),
    "traits": (
        (CreateTrait(name="CUSTOM_X"), SetTraits(uuid=POOL, traits=frozenset({"CUSTOM_X", "HW_CPU_X86_AVX2"}))),
        {"add_names": 1, "clear_traits": 1, "touch_providers": 1, "add_traits": 2},
    ),
    "aggregates, which raise no generation": (
        (SetAggregates(uuid=POOL, aggregates=(ABSENT,), counts=False),),
        {"add_names": 1, "clear_aggregates": 1, "add_aggregates": 1},
    ),
    "a new class": ((CreateClass(name="CUSTOM_X"),), {"add_names": 1}),
    "a new consumer": (
        (SetAllocations(claims=(claim(NEW, {HOST: {"VCPU": 1, "MEMORY_MB": 10}}, type="JOB"),)),),
        {"add_names": 1, "touch_providers": 1, "add_consumers": 1, "add_allocations": 2},
    ),
    "a consumer that holds something else": (
        (SetAllocations(claims=(claim(OLD, {POOL: {"DISK_GB": 1}}),)),),
        {"end_allocations": 1, "touch_providers": 1, "change_consumers": 1, "add_allocations": 1},
    ),
    "a consumer that ends": ((ReleaseAllocations(consumer=OLD),), {"end_allocations": 1, "end_consumers": 1}),
    "a consumer that ends and begins again": (
        (ReleaseAllocations(consumer=OLD), SetAllocations(claims=(claim(OLD, {HOST: {"VCPU": 1}}),))),
        {"end_allocations": 1, "touch_providers": 1, "change_consumers": 1, "add_allocations": 1},
    ),
    "a consumer that begins and ends": (
        (SetAllocations(claims=(claim(NEW, {HOST: {"VCPU": 1}}),)), ReleaseAllocations(consumer=NEW)),
        {"touch_providers": 1},
    ),
    "a new token": ((CreateToken(token=TOKEN),), {"add_tokens": 1}),
    "a new token that is revoked": ((CreateToken(token=TOKEN), RevokeToken(name="ci")), {"add_tokens": 1}),
    "nothing, for what changes nothing": ((SetTraits(uuid=POOL, traits=frozenset()),), {}),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_how_many_rows_each_statement_writes(name: str) -> None:
    commands, expected = WRITTEN[name]
    draft = filled().draft()
    for command in commands:
        decide(draft, command)
    rows = asdict(write_set_of(draft))
    assert {field: len(each) for field, each in rows.items() if each} == expected


def test_a_stored_token_that_changes() -> None:
    ledger = filled()
    ledger.tokens["ci"] = TOKEN
    draft = ledger.draft()
    decide(draft, RevokeToken(name="ci"))
    rows = write_set_of(draft)
    assert rows.add_tokens == []
    assert [(row["key"], row["revoked"]) for row in rows.change_tokens] == [("t", 1_000)]


def test_the_rows_of_a_claim() -> None:
    draft = filled().draft()
    host = draft.provider(HOST)
    decide(draft, SetAllocations(claims=(claim(NEW, {HOST: {"VCPU": 1, "MEMORY_MB": 10}}),)))
    rows = write_set_of(draft)
    consumer = rows.add_consumers[0]
    assert (consumer["uuid"], consumer["generation"], consumer["type_id"]) == (NEW, 1, None)
    assert rows.touch_providers == [{"key": host.id, "seen": 2, "to": 3, "at": 1_000}]
    assert rows.add_allocations == [
        {"consumer_id": consumer["id"], "provider_id": host.id, "class_id": 1, "amount": 1},
        {"consumer_id": consumer["id"], "provider_id": host.id, "class_id": 2, "amount": 10},
    ]


def test_a_class_and_its_inventory_in_one_batch() -> None:
    draft = filled().draft()
    decide(draft, CreateClass(name="CUSTOM_X"))
    decide(draft, AddInventory(uuid=POOL, resource_class="CUSTOM_X", inventory=Inventory(total=1)))
    rows = write_set_of(draft)
    assert [row["class_id"] for row in rows.add_inventories] == [3, rows.add_names[0]["id"]]


def test_claims_become_rows_without_the_catalogue() -> None:
    """The draft has every id by then: the fleet is not asked again, amount by amount."""
    draft = filled().draft()
    decide(draft, SetAllocations(claims=(claim(NEW, {HOST: {"VCPU": 1}}), claim(OLD, {POOL: {"DISK_GB": 1}}))))
    del draft.fleet
    assert len(write_set_of(draft).add_allocations) == 2
