"""Names of consumers in place of uuids: everywhere that a command is about a consumer that is there."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from berth.model import commands
from berth.model.commands import Allocate, Claim, Command, Confirm, Extend, ReleaseAllocations, Reshape, SetAllocations
from berth.model.consumer_references import consumers_in, with_consumers
from berth.model.edits import EditConsumer
from berth.model.lease_commands import EndLease
from berth.model.releases import ReleaseMatching
from berth.model.request import CandidateRequest, Group
from berth.model.term import Term

UUIDS = {"train": "7a5c0000-0000-4000-8000-0000000000b1", "test": "7a5c0000-0000-4000-8000-0000000000b2"}
HOST = "7a5c0000-0000-4000-8000-000000000001"
NEW = "7a5c0000-0000-4000-8000-0000000000ff"


def everything(train: str, test: str) -> list[Command]:
    term = Term(confirm_within=60, replaces=test)
    claim = Claim(consumer=train, allocations={HOST: {"VCPU": 1}}, project="p", user="u", term=term)
    request = CandidateRequest(groups=(Group(resources={"VCPU": 1}),))
    return [
        ReleaseAllocations(consumer=train),
        ReleaseMatching(consumers=(train, NEW, test)),
        EditConsumer(consumer=train, name="test"),
        Confirm(consumer=train, onto=test),
        Extend(consumer=train, seconds=60),
        SetAllocations(claims=(claim,)),
        Reshape(inventories=(), claims=(claim,)),
        Allocate(request=request, consumer=NEW, project="p", user="u", term=term),
    ]


@pytest.mark.parametrize(
    ("named", "plain"), [*zip(everything("train", "test"), everything(*UUIDS.values()), strict=True)]
)
def test_names_are_replaced(named: Any, plain: Any) -> None:
    assert set(consumers_in(named)) <= set(UUIDS)
    assert consumers_in(named)
    assert with_consumers(named, UUIDS) == plain
    assert consumers_in(plain) == []


def test_no_command_about_a_consumer_is_missing() -> None:
    covered = {type(each) for each in everything("train", "test")}
    for kind in commands.Command.__subclasses__():
        if kind not in covered | {EndLease}:  # its `claims` say what becomes of them
            assert not {"consumer", "consumers", "onto", "claims", "term"} & get_type_hints(kind).keys(), kind
