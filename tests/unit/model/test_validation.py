"""Validation of commands: canonical values, or a refusal that names the illegal one."""

from __future__ import annotations

import pytest

from berth.model import commands
from berth.model.commands import Claim, Command
from berth.model.errors import Invalid, InvalidAmount
from berth.model.inventory import Inventory
from berth.model.validation import validated

HOST = "7a5c0000-0000-4000-8000-000000000001"
SPELT = "{7A5C0000-0000-4000-8000-000000000001}"


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
        (commands.CreateProvider(uuid=HOST, name="x" * 201), Invalid, "more than 200 characters"),
        (commands.CreateProvider(uuid=HOST, name="x\ny"), Invalid, "control characters"),
        (commands.UpdateProvider(uuid=HOST, name="x\0y"), Invalid, "control characters"),
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
    ],
)
def test_an_illegal_command_is_refused(command: Command, error: type[Invalid], text: str) -> None:
    with pytest.raises(error, match=text):
        validated(command)
