"""Types of values from a program: what is not of its type is refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import berth
from berth.model.commands import Allocate, Claim, Command, SetAllocations, SetInventories, SetTraits, UpdateProvider
from berth.model.errors import Invalid
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from berth.model.types import typed

HOST = "7a5c0000-0000-4000-8000-000000000001"


def inventories(**fields: Any) -> Command:
    return SetInventories(uuid=HOST, inventories={"VCPU": Inventory(**{"total": 8, **fields})})


def claim(**fields: Any) -> Command:
    whole = {"consumer": HOST, "allocations": {HOST: {"VCPU": 1}}, "project": "p", "user": "u", **fields}
    return SetAllocations(claims=(Claim(**whole),))


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (inventories(total=8.0), "Expected `int`, got `float` - at `$.inventories[...].total`"),
        (inventories(total=4.5), "got `float`"),
        (inventories(reserved=True), "got `bool`"),
        (inventories(total="8"), "got `str`"),
        (claim(project=b"p"), "got `bytes`"),
        (claim(user=bytearray(b"u")), "got `bytes`"),
        (inventories(allocation_ratio="1"), "got `str`"),
        (inventories(total=np.int64(8)), "numpy.int64"),
        (claim(allocations={HOST: {"VCPU": 1.5}}), "got `float`"),
        (claim(allocations={HOST: {"VCPU": True}}), "got `bool`"),
        (claim(project=7), "got `int`"),
        (claim(generation=1.0), "got `float`"),
        (SetTraits(uuid=HOST, traits="CUSTOM_A"), "got `str`"),  # type: ignore[arg-type]
        (Allocate(request={"VCPU": 4}, consumer=HOST, project="p", user="u"), "unknown field `VCPU`"),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_of_its_type_is_refused(command: Command, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        typed(command, type(command))
    assert why in str(refused.value)


@pytest.mark.parametrize("command", [inventories(), claim(), claim(generation=None), UpdateProvider(uuid=HOST)])
def test_what_is_of_its_type_stays_the_same(command: Command) -> None:
    assert typed(command, type(command)) == command


def test_plain_containers_become_those_of_the_value() -> None:
    group: Any = {"resources": {"VCPU": 1}, "required": [["A", "B"]], "forbidden": {"C"}}
    asked = typed(CandidateRequest(groups=[group]), CandidateRequest)  # type: ignore[arg-type]
    required = (frozenset({"A", "B"}),)
    assert asked.groups == (Group(resources={"VCPU": 1}, required=required, forbidden=frozenset({"C"})),)


def test_a_poisonous_value_reaches_no_log(tmp_path: Path) -> None:
    with berth.open(f"sqlite:///{tmp_path}/berth.db") as ledger:
        host = ledger.create_provider("host").uuid
        poison: Any = 4.5
        for write in (
            lambda: ledger.set_inventories(host, {"VCPU": Inventory(total=poison)}),
            lambda: ledger.claim(Claim(consumer=host, allocations={host: {"VCPU": poison}}, project="p", user="u")),
            lambda: ledger.queue(SetInventories(uuid=host, inventories={"VCPU": Inventory(total=poison)})),
            lambda: ledger.find(CandidateRequest(groups=(Group(resources={"VCPU": poison}),))),
        ):
            with pytest.raises(Invalid):
                write()
        assert ledger.head() == ledger.known_head == 2
