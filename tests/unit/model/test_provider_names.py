"""Names of providers in place of uuids: found in every command that names providers, and replaced."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from berth.model import commands
from berth.model.commands import Claim, NewInventories
from berth.model.drain import Drain, Undrain
from berth.model.edits import DeleteTree, EditAggregates, EditTraits, NameAggregate, RenameTree
from berth.model.errors import Invalid
from berth.model.inventory import Inventory
from berth.model.lease_commands import EndLease, GrantLease
from berth.model.provider_names import names_in, with_uuids
from berth.model.releases import ReleaseMatching
from berth.model.request import CandidateRequest, Group

HOST = "7a5c0000-0000-4000-8000-000000000001"
RACK = "7a5c0000-0000-4000-8000-000000000002"
UUIDS = {"host": HOST, "rack": RACK}
JOB = "7a5c0000-0000-4000-8000-0000000000ff"


def claim(provider: str) -> Claim:
    return Claim(consumer=JOB, allocations={provider: {"VCPU": 1}}, project="p", user="u")


def request(provider: str) -> CandidateRequest:
    return CandidateRequest(groups=(Group(resources={"VCPU": 1}, in_tree=provider), Group(suffix="a")))


def everything(host: str, rack: str) -> tuple[Any, ...]:
    return (
        commands.CreateProvider(uuid=JOB, name="host", parent=rack),
        commands.UpdateProvider(uuid=host, name="host", parent=rack),
        commands.DeleteProvider(uuid=host),
        DeleteTree(uuid=host),
        RenameTree(uuid=host, name="x"),
        commands.SetInventories(uuid=host, inventories={}),
        commands.AddInventory(uuid=host, resource_class="VCPU", inventory=Inventory(1)),
        commands.UpdateInventory(uuid=host, resource_class="VCPU", inventory=Inventory(1)),
        commands.DeleteInventory(uuid=host, resource_class="VCPU"),
        commands.SetTraits(uuid=host, traits=frozenset({"rack"})),
        commands.SetAggregates(uuid=host, aggregates=("rack",)),
        EditTraits(uuid=host, add=frozenset({"rack"})),
        EditAggregates(uuid=host, add=("rack",)),
        Drain(providers=(rack, host)),
        Undrain(providers=(host,)),
        ReleaseMatching(holders_of=host, on=rack),
        commands.SetAllocations(claims=(claim(host), claim(rack))),
        commands.Confirm(consumer=JOB, allocations={host: {"VCPU": 1}}),
        commands.Reshape(inventories=(NewInventories(uuid=host, inventories={}, generation=1),), claims=(claim(rack),)),
        commands.Allocate(request=request(host), consumer=JOB, project="p", user="u"),
        request(rack),
    )


@pytest.mark.parametrize(("named", "plain"), [*zip(everything("host", "rack"), everything(HOST, RACK), strict=True)])
def test_names_are_replaced(named: Any, plain: Any) -> None:
    assert set(names_in(named)) <= set(UUIDS)
    assert names_in(named)
    assert with_uuids(named, UUIDS) == plain
    assert names_in(plain) == []


def test_no_command_about_a_provider_is_missing() -> None:
    about_others = {commands.ReleaseAllocations, commands.Extend, commands.Undo, EndLease, GrantLease, NameAggregate}
    covered = {type(each) for each in everything(HOST, RACK)}
    for kind in commands.Command.__subclasses__():
        if kind not in covered | about_others:
            assert not {"uuid", "parent", "allocations", "claims", "request"} & get_type_hints(kind).keys(), kind


def test_two_names_of_one_provider_are_refused() -> None:
    twice = Claim(consumer=JOB, allocations={"host": {"VCPU": 1}, HOST: {"VCPU": 2}}, project="p", user="u")
    with pytest.raises(Invalid, match="twice"):
        with_uuids(commands.SetAllocations(claims=(twice,)), UUIDS)


@pytest.mark.parametrize("field", [3, None, ["host"]])
def test_what_is_no_text_is_left_to_the_validation(field: Any) -> None:
    assert names_in(commands.DeleteProvider(uuid=field)) == []
    assert names_in(commands.SetAllocations(claims=({"consumer": JOB},))) == []  # type: ignore[arg-type]
