"""Commands and requests travel as JSON and arrive as they were."""

from __future__ import annotations

import msgspec
import pytest

from berth.ledger.write.decide import _DECIDERS
from berth.model import commands
from berth.model.commands import Claim, Command, NewInventories
from berth.model.inventory import Inventory
from berth.model.message import RESULTS, message, message_of, value
from berth.model.reconciliation import Reconcile
from berth.model.record import InventoryRecord, ProviderRecord
from berth.model.request import CandidateRequest, Group

HOST = "7a5c0000-0000-4000-8000-000000000001"
CLAIM = Claim(consumer=HOST, allocations={HOST: {"VCPU": 1}}, project="physics", user="ada")

SENT = (
    (commands.CreateProvider(uuid=HOST, name="host-1"), '{"uuid":"HOST","name":"host-1"}'),
    (commands.UpdateProvider(uuid=HOST, parent=None), '{"uuid":"HOST","parent":null}'),
    (
        commands.SetInventories(uuid=HOST, inventories={"VCPU": Inventory(4, max_unit=2)}, generation=7),
        '{"uuid":"HOST","inventories":{"VCPU":{"total":4,"max_unit":2}},"generation":7}',
    ),
    (
        commands.SetAllocations(claims=(CLAIM,)),
        '{"claims":[{"consumer":"HOST","allocations":{"HOST":{"VCPU":1}},"project":"physics","user":"ada"}]}',
    ),
    (
        commands.Reshape(
            inventories=(NewInventories(uuid=HOST, inventories={"VCPU": Inventory(1)}, generation=2),), claims=()
        ),
        '{"inventories":[{"uuid":"HOST","inventories":{"VCPU":{"total":1}},"generation":2}],"claims":[]}',
    ),
    (
        commands.PutRecords(
            records=(ProviderRecord(name="h", inventories={"VCPU": InventoryRecord(total=3)}),), new_uuids=(HOST,)
        ),
        '{"records":[{"name":"h","inventories":{"VCPU":{"total":3}}}],"new_uuids":["HOST"]}',
    ),
    (
        CandidateRequest(groups=(Group(resources={"VCPU": 1}, required=(frozenset({"HW_A"}),), suffix="_1"),)),
        '{"groups":[{"resources":{"VCPU":1},"required":[["HW_A"]],"suffix":"_1"}]}',
    ),
)


@pytest.mark.parametrize(("sent", "text"), SENT, ids=lambda it: type(it).__name__)
def test_what_is_sent_is_what_arrives(sent: msgspec.Struct, text: str) -> None:
    text = text.replace("HOST", HOST)
    assert msgspec.json.encode(message(sent)).decode() == text
    assert value(msgspec.json.decode(text, type=message_of(type(sent)))) == sent


@pytest.mark.parametrize("generation", [None, 3, commands.UNCHECKED])
def test_every_kind_of_generation_travels(generation: commands.ConsumerGeneration) -> None:
    claim = msgspec.structs.replace(CLAIM, generation=generation, type=None)
    text = msgspec.json.encode(message(claim))
    assert value(msgspec.json.decode(text, type=message_of(Claim))) == claim


def test_a_field_that_a_value_has_not_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `generatoin`"):
        msgspec.json.decode('{"uuid":"x","generatoin":1}', type=message_of(commands.DeleteProvider))


def test_what_is_wrong_is_said_with_where_it_is() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"Expected `int`, got `str` - at `\$.inventories\[...\].total`"):
        msgspec.json.decode(
            '{"uuid":"x","inventories":{"VCPU":{"total":"4"}}}', type=message_of(commands.SetInventories)
        )


NOT_SENT = {commands.CreateToken, commands.RevokeToken, commands.RotateToken, Reconcile, commands.Lapse}
"""Whoever asks for a token is given a secret: more than a command. The server finds orphans, and sweeps."""


@pytest.mark.parametrize(
    "command", sorted(_DECIDERS.keys() - NOT_SENT, key=lambda each: each.__name__), ids=lambda command: command.__name__
)
def test_every_command_can_be_sent(command: type[Command]) -> None:
    assert command in RESULTS
    assert message_of(command).__name__ == command.__name__
