"""Refusals carry what the next step needs: as fields, in the sentence, through a problem document and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest

from berth.api.v1.problems import error_reply
from berth.client.transport import refusal
from berth.ledger import Ledger, open_ledger
from berth.model import errors
from berth.model.commands import Claim
from berth.model.errors import Refusal
from berth.model.inventory import Inventory
from berth.model.record import InventoryRecord, ProviderRecord, RecordStatus

HOST, CHILD, NEW = (f"10000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
ADA, BEN = "c0000000-0000-4000-8000-000000000001", "c0000000-0000-4000-8000-000000000002"
Ask = Callable[[Ledger], object]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A host of 8 VCPU, of which ada holds 6, with a child that has a class and a trait of its own."""
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/berth.db") as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.create_provider("child", uuid=CHILD, parent=HOST)
        ledger.create_class("CUSTOM_X")
        ledger.create_trait("CUSTOM_T")
        ledger.set_traits(CHILD, ["CUSTOM_T"])
        ledger.set_inventories(CHILD, {"CUSTOM_X": Inventory(1)})
        ledger.set_inventories(HOST, {"VCPU": Inventory(8, max_unit=6), "MEMORY_MB": Inventory(64)})
        ledger.claim(claim(ADA, 6))
        yield ledger


def claim(consumer: str, amount: int, generation: int | None = None, name: str = "VCPU", of: str = HOST) -> Claim:
    """Return a claim of one amount."""
    return Claim(consumer=consumer, allocations={of: {name: amount}}, project="p", user="ada", generation=generation)


CASES: dict[str, tuple[Ask, type[Refusal], dict[str, Any], str]] = {
    "a taken name": (
        lambda it: it.create_provider("host"),
        errors.ProviderExists,
        {"field": "name", "uuid": HOST, "name": "host"},
        f"Its uuid is {HOST}.",
    ),
    "a taken uuid": (
        lambda it: it.create_provider("other", uuid=HOST),
        errors.ProviderExists,
        {"field": "uuid", "uuid": HOST, "name": "host"},
        "Its name is host.",
    ),
    "a name taken by a rename": (
        lambda it: it.update_provider(CHILD, name="host"),
        errors.ProviderExists,
        {"uuid": HOST, "name": "host"},
        f"Its uuid is {HOST}.",
    ),
    "an unknown parent": (
        lambda it: it.create_provider("x", parent=NEW),
        errors.ParentNotFound,
        {"parent": NEW},
        NEW,
    ),
    "a loop": (
        lambda it: it.update_provider(HOST, parent=CHILD),
        errors.TreeLoop,
        {"uuid": HOST, "parent": CHILD},
        f"{CHILD} is below {HOST}",
    ),
    "a parent": (
        lambda it: it.delete_provider(HOST),
        errors.ProviderHasChildren,
        {"children": (CHILD,), "child_count": 1},
        CHILD,
    ),
    "an inventory in use": (
        lambda it: it.delete_inventory(HOST, "VCPU"),
        errors.InventoryInUse,
        {"used": {"VCPU": 6}, "holder_count": 1},
        "in use",
    ),
    "a class in use": (
        lambda it: it.delete_class("CUSTOM_X"),
        errors.ClassInUse,
        {"providers": (CHILD,), "provider_count": 1},
        CHILD,
    ),
    "a trait in use": (
        lambda it: it.delete_trait("CUSTOM_T"),
        errors.TraitInUse,
        {"providers": (CHILD,), "provider_count": 1},
        CHILD,
    ),
    "more reserved than there is": (
        lambda it: it.set_inventories(HOST, {"VCPU": Inventory(4, reserved=5)}),
        errors.ReservedExceedsTotal,
        {"reserved": 5, "total": 4},
        "5 are reserved of 4.",
    ),
    "contradicting units": (
        lambda it: it.set_inventories(HOST, {"VCPU": Inventory(4, min_unit=3, max_unit=2)}),
        errors.UnitsContradict,
        {"min_unit": 3, "max_unit": 2},
        "They are 3 and 2.",
    ),
    "above max_unit": (
        lambda it: it.claim(claim(BEN, 7)),
        errors.UnitsViolated,
        {"rule": "max_unit", "value": 6, "amount": 7},
        "7 is above the max_unit of 6.",
    ),
    "too much": (
        lambda it: it.claim(claim(BEN, 5)),
        errors.CapacityExceeded,
        {"amount": 5, "free": 2, "capacity": 8, "used": 6, "holder_count": 1},
        "5 requested, 2 of 8 free.",
    ),
    "a class that the provider does not have": (
        lambda it: it.claim(claim(BEN, 1, name="DISK_GB")),
        errors.InventoryMissing,
        {"available": ("VCPU", "MEMORY_MB")},
        "It has VCPU, MEMORY_MB.",
    ),
    "a consumer that is not new": (
        lambda it: it.claim(claim(ADA, 1)),
        errors.ConsumerGenerationConflict,
        {"expected": 1, "got": None, "holds": {HOST: {"VCPU": 6}}, "project": "p", "user": "ada"},
        "expected 1 but got null: the consumer is not new",
    ),
    "a consumer that is gone": (
        lambda it: it.claim(claim(BEN, 1, generation=3)),
        errors.ConsumerGenerationConflict,
        {"expected": None, "got": 3, "holds": {}},
        "expected null but got 3: the consumer holds nothing",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_carries_what_the_next_step_needs(case: str, ledger: Ledger) -> None:
    ask, kind, fields, words = CASES[case]
    with pytest.raises(Refusal) as caught:
        ask(ledger)
    assert type(caught.value) is kind
    assert {name: getattr(caught.value, name) for name in fields} == fields
    assert words in str(caught.value)


@pytest.mark.parametrize("case", CASES)
def test_a_client_gets_the_same(case: str, ledger: Ledger) -> None:
    with pytest.raises(Refusal) as caught:
        CASES[case][0](ledger)
    reply = error_reply(caught.value, "req-1")
    received = refusal("http://x", httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body))
    assert (type(received), str(received), vars(received)) == (
        type(caught.value),
        str(caught.value),
        vars(caught.value),
    )


def test_holders_are_named(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(100)})
        consumers = [f"c0000000-0000-4000-8000-0000000000{number:02}" for number in range(7)]
        ledger.claim(*(claim(each, 2) for each in consumers))
        with pytest.raises(errors.ProviderInUse) as caught:
            ledger.delete_provider(HOST)
        refused = caught.value
        assert [each.consumer.uuid for each in refused.holders] == consumers[: errors.MOST_NAMED]
        assert refused.holders[0].resources == {"VCPU": 2}
        assert (refused.used, refused.holder_count) == ({"VCPU": 14}, 7)


def test_an_import_says_that_it_does_not_rename(ledger: Ledger) -> None:
    taken, loose = ledger.put_records(
        [
            ProviderRecord(name="other", uuid=HOST),
            ProviderRecord(name="host", uuid=NEW, inventories={"VCPU": InventoryRecord(total=1)}),
        ]
    )
    assert taken.became is loose.became is RecordStatus.REFUSED
    assert taken.why.endswith("Its name is host: records do not rename providers.")
    assert loose.why.endswith(f"Its uuid is {HOST}.")


def test_only_the_holders_fields_are_left_out_if_they_are_not_known() -> None:
    problem = cast(
        "dict[str, Any]", msgspec.json.decode(error_reply(errors.ProviderInUse(HOST, {"VCPU": 1}), "r").body)
    )
    assert problem["used"] == {"VCPU": 1}
    assert not problem.keys() & {"holders", "holder_count"}
