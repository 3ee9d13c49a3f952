"""Validation of commands: canonical values, or a refusal that names the illegal one."""

from __future__ import annotations

from typing import Any

import pytest

from berth.model import commands
from berth.model.commands import Claim, Command
from berth.model.edits import EditAggregates, EditTraits, NameAggregate
from berth.model.errors import Invalid, InvalidAmount, NameRequired
from berth.model.inventory import Inventory
from berth.model.inventory_edits import EditInventories, InventoryFields
from berth.model.overview import ProviderFilter
from berth.model.record import ProviderRecord
from berth.model.validation import validated

HOST = "7a5c0000-0000-4000-8000-000000000001"
SPELT = "{7A5C0000-0000-4000-8000-000000000001}"


def edit(where: ProviderFilter | None, **fields: Any) -> Command:
    return EditInventories(where=where, resource_class="VCPU", fields=InventoryFields(**fields))


def claim(**changed: object) -> Command:
    fields = {"consumer": HOST, "allocations": {HOST: {"VCPU": 1}}, "project": "p", "user": "u", **changed}
    return commands.SetAllocations(claims=(Claim(**fields),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (commands.DeleteProvider(uuid=SPELT), commands.DeleteProvider(uuid=HOST)),
        (
            commands.UpdateProvider(uuid=SPELT, name="a", parent=SPELT),
            commands.UpdateProvider(uuid=HOST, name="a", parent=HOST),
        ),
        (
            commands.SetAggregates(uuid=SPELT, aggregates=(SPELT, HOST)),
            commands.SetAggregates(uuid=HOST, aggregates=(HOST,)),
        ),
        (EditTraits(uuid=SPELT, add=frozenset({"A"})), EditTraits(uuid=HOST, add=frozenset({"A"}))),
        (EditAggregates(uuid=SPELT, remove=(SPELT, HOST)), EditAggregates(uuid=HOST, remove=(HOST,))),
        (EditAggregates(uuid=HOST, add=("rack-7", "rack-7")), EditAggregates(uuid=HOST, add=("rack-7",))),
        (NameAggregate(uuid=SPELT, name="rack 7"), NameAggregate(uuid=HOST, name="rack 7")),
        (NameAggregate(uuid="rack-7", name=None), NameAggregate(uuid="rack-7", name=None)),
        (claim(consumer=SPELT, allocations={SPELT: {"VCPU": 1}}), claim()),
        (commands.CreateTrait(name="anything"), commands.CreateTrait(name="anything")),
    ],
)
def test_uuids_become_canonical(given: Command, made: Command) -> None:
    assert validated(given) == made


@pytest.mark.parametrize(
    ("command", "error", "text"),
    [
        (commands.DeleteProvider(uuid="host-1"), Invalid, "'host-1' is not a uuid"),
        (EditTraits(uuid=HOST), Invalid, "at least one name to add or to remove"),
        (EditTraits(uuid=HOST, add=frozenset("A"), remove=frozenset("A")), Invalid, "cannot be both added and removed"),
        (edit(None), Invalid, "at least one field to set"),
        (edit(ProviderFilter(), total=1), Invalid, "the filter is empty"),
        (edit(ProviderFilter(aggregate="rack,7"), total=1), Invalid, "cannot contain ',', which separates names"),
        (edit(None, total=0), InvalidAmount, "total must be from 1"),
        (edit(None, allocation_ratio=float("nan")), InvalidAmount, "allocation_ratio must be from 0"),
        (edit(None, step_size=2**31), InvalidAmount, "step_size must be from 1"),
        (edit(None, total=1.5), Invalid, "malformed"),
        (EditAggregates(uuid=HOST), Invalid, "at least one name to add or to remove"),
        (EditAggregates(uuid=HOST, add=("rack|7",)), Invalid, "cannot have '|', which separates names"),
        (EditAggregates(uuid=HOST, add=("rack-7",), remove=("rack-7",)), Invalid, "cannot be both added and removed"),
        (NameAggregate(uuid="rack;7", name=None), Invalid, "cannot contain ';'"),
        (NameAggregate(uuid=HOST, name=""), Invalid, "is empty"),
        (NameAggregate(uuid=HOST, name=" rack"), Invalid, "begins or ends with a space"),
        (NameAggregate(uuid=HOST, name="rack\n7"), Invalid, "control characters"),
        (NameAggregate(uuid=HOST, name="r" * 256), Invalid, "more than 255 characters"),
        (NameAggregate(uuid=HOST, name=SPELT), Invalid, "cannot be a uuid"),
        (NameAggregate(uuid=HOST, name="rack-7", kind="Rack 7"), Invalid, "is not a kind of aggregate"),
        (EditAggregates(uuid=HOST, add=(HOST,), remove=(SPELT,)), Invalid, "cannot be both added and removed"),
        (commands.CreateProvider(uuid=HOST, name="x" * 201), Invalid, "more than 200 characters"),
        (commands.CreateProvider(uuid=HOST, name="x\ny"), Invalid, "control characters"),
        (commands.UpdateProvider(uuid=HOST, name="x\0y"), Invalid, "control characters"),
        (commands.UpdateProvider(uuid=HOST, name=""), NameRequired, "name is required"),
        (claim(project="p\0q"), Invalid, "the project contains a NUL character"),
        (claim(user="\ud800"), Invalid, "half of a surrogate pair"),
        (
            commands.SetInventories(uuid=HOST, inventories={"VCPU": Inventory(-1)}),
            InvalidAmount,
            "total must be from 1",
        ),
        (
            commands.UpdateInventory(uuid=HOST, resource_class="VCPU", inventory=Inventory(1, step_size=0)),
            InvalidAmount,
            "step_size must be from 1",
        ),
        (claim(project=""), Invalid, "the project is missing"),
        (claim(user="x" * 256), Invalid, "the user has more than 255 characters"),
        (claim(type="job"), Invalid, "not a consumer type"),
        (claim(allocations={HOST: {"VCPU": 0}}), InvalidAmount, "at least 1"),
        (claim(allocations={HOST: {}}), InvalidAmount, "at least 1"),
        (claim(allocations={HOST: {"VCPU": 1}, SPELT: {"VCPU": 1}}), Invalid, "the same provider twice"),
        (
            commands.SetAllocations(claims=(*claim().claims, *claim(consumer=SPELT).claims)),  # type: ignore[attr-defined]
            Invalid,
            "for the same consumer",
        ),
        (commands.PutRecords(records=(), new_uuids=(HOST,)), Invalid, "one uuid for each record"),
        (commands.PutRecords(records=(ProviderRecord(name="x"),) * 5_001), Invalid, "5,001 records .* at most 5,000"),
        (commands.SetAllocations(claims=claim().claims * 5_001), Invalid, "5,001 claims .* at most 5,000"),  # type: ignore[attr-defined]
        (
            commands.Reshape(inventories=(), claims=claim().claims * 5_001),  # type: ignore[attr-defined]
            Invalid,
            "5,001 claims .* at most 5,000",
        ),
    ],
)
def test_an_illegal_command_is_refused(command: Command, error: type[Invalid], text: str) -> None:
    with pytest.raises(error, match=text):
        validated(command)
