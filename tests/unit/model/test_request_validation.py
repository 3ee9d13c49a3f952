"""Requests: uuids in any spelling become canonical; what makes no sense is refused, with a pointer to it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from berth.model.commands import Allocate
from berth.model.errors import Invalid
from berth.model.overview import MapQuery, ProviderFilter
from berth.model.request import CandidateRequest, Group, ProviderQuery
from berth.model.request_validation import (
    pointer,
    validated_map,
    validated_provider_filter,
    validated_query,
    validated_request,
)
from berth.model.validation import validated

UUID = "abcd0000-0000-4000-8000-000000000001"
SPELLINGS = [UUID, UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}"]
ONE = {"VCPU": 1}


def request(*groups: Group, **fields: object) -> CandidateRequest:
    return CandidateRequest(groups=groups or (Group(resources=ONE),), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_any_spelling_of_a_uuid_is_the_uuid(spelling: str) -> None:
    one = frozenset({spelling})
    group = validated_request(
        request(Group(resources=ONE, member_of=(one,), not_member_of=one, in_tree=spelling))
    ).groups[0]
    assert (group.member_of, group.not_member_of, group.in_tree) == ((frozenset({UUID}),), frozenset({UUID}), UUID)
    assert validated_query(ProviderQuery(uuid=spelling, in_tree=spelling)) == ProviderQuery(uuid=UUID, in_tree=UUID)
    listed = validated_provider_filter(ProviderFilter(uuid=spelling, aggregate=spelling, root=spelling))
    assert listed == ProviderFilter(uuid=UUID, aggregate=UUID, root=UUID)
    assert validated_map(MapQuery(aggregate=spelling, mark=(spelling,))) == MapQuery(aggregate=UUID, mark=(UUID,))


def test_an_allocate_is_validated_with_its_request() -> None:
    asked = request(Group(resources=ONE, not_member_of=frozenset({UUID.upper()})))
    command = validated(Allocate(request=asked, consumer=UUID, project="p", user="u"))
    assert isinstance(command, Allocate)
    assert command.request.groups[0].not_member_of == {UUID}


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        (request(limit=0), "/limit"),
        (request(limit=-1), "/limit"),
        (request(Group(resources={"VCPU": 0})), "/groups/0/resources/VCPU"),
        (request(Group(resources=ONE), Group(suffix="_A", resources={"VGPU": -1})), "/groups/1/resources/VGPU"),
        (request(Group(resources=ONE, member_of=(frozenset({"a:b"}),))), "/groups/0/member_of/0"),
        (request(Group(resources=ONE, not_member_of=frozenset({""}))), "/groups/0/not_member_of"),
        (request(Group(resources=ONE, in_tree="no")), "/groups/0/in_tree"),
        (request(Group(resources=ONE, in_tree="")), "/groups/0/in_tree"),
        (request(Group(suffix="_A", resources=ONE), Group(suffix="_A", resources=ONE)), "/groups/1/suffix"),
        (request(Group(suffix="&limit=1&x=", resources=ONE)), "/groups/0/suffix"),
        (request(Group(suffix="_A\0x", resources=ONE)), "/groups/0/suffix"),
        (request(Group(suffix="x" * 65, resources=ONE)), "/groups/0/suffix"),
        (request(same_subtrees=(frozenset({"_Z"}),)), "/same_subtrees/0"),
        (request(same_subtrees=(frozenset(),)), "/same_subtrees/0"),
        (request(Group(resources=ONE, required=(frozenset({"CUSTOM_A"}), frozenset()))), "/groups/0/required/1"),
        (request(Group(resources=ONE, member_of=(frozenset(),))), "/groups/0/member_of/0"),
        (request(same_subtrees=(frozenset({""}),)), "/same_subtrees/0"),
        (request(Group(resources=ONE), Group(suffix="_A")), "/groups/1"),
        (request(Group()), "/groups"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(asked: CandidateRequest, at: str) -> None:
    with pytest.raises(Invalid) as refused:
        validated_request(asked)
    assert refused.value.at == at


@pytest.mark.parametrize(
    "query",
    [
        ProviderFilter(aggregate="a;b"),
        ProviderFilter(root="x"),
        ProviderFilter(room={"VCPU": 0}),
    ],
)
def test_a_filter_of_a_list_that_makes_no_sense_is_refused(query: ProviderFilter) -> None:
    with pytest.raises(Invalid):
        validated_provider_filter(query)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [("", ""), ("ABCD", "abcd"), ("abcd00001", "abcd0000-1"), ("abcd0000-", "abcd0000"), ("zz", "zz")],
)
def test_the_beginning_of_a_uuid_is_found_in_any_spelling(typed: str, canonical: str) -> None:
    assert validated_provider_filter(ProviderFilter(uuid=typed)).uuid == canonical


def test_a_name_is_escaped_in_a_pointer() -> None:
    assert pointer("a/b~c") == "a~1b~0c"
    assert msgspec.json.encode(pointer("plain")) == b'"plain"'


@pytest.mark.parametrize("given", [["A"], ("A",), [frozenset({"A"})], [["A"]], ({"A"},)])
def test_a_name_that_stands_alone_is_a_set_of_one(given: Any) -> None:
    """In every form in which a person writes it; a text was taken for the set of its letters once."""
    asked = CandidateRequest(groups=(Group(resources={"VCPU": 1}, required=given, member_of=given),))
    group = msgspec.convert(msgspec.to_builtins(asked), CandidateRequest).groups[0]
    assert (group.required, group.member_of) == ((frozenset({"A"}),), (frozenset({"A"}),))
