"""Requests for candidates, as typed."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from berth.cli.request_options import RequestOptions, parse_request
from berth.model.request import CandidateRequest, Group

A, B = "a0000000-0000-4000-8000-000000000000", "b0000000-0000-4000-8000-000000000000"
ANY = frozenset


def uuid_of(name: str) -> str:
    return {"host-1": A}[name]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"resources": "VCPU=4"}, CandidateRequest(groups=(Group(resources={"VCPU": 4}),))),
        (
            {"resources": "VCPU=4", "groups": ("gpu:PGPU=1",), "traits": ("HW_A", "gpu:CUSTOM_B|CUSTOM_C")},
            CandidateRequest(
                groups=(
                    Group(resources={"VCPU": 4}, required=(ANY({"HW_A"}),)),
                    Group(suffix="_gpu", resources={"PGPU": 1}, required=(ANY({"CUSTOM_B", "CUSTOM_C"}),)),
                )
            ),
        ),
        (
            {"resources": "VCPU=1", "forbidden": ("X", "Y"), "member_of": (A, f"{A}|{B}"), "not_member_of": (B,)},
            CandidateRequest(
                groups=(
                    Group(
                        resources={"VCPU": 1},
                        forbidden=ANY({"X", "Y"}),
                        member_of=(ANY({A}), ANY({A, B})),
                        not_member_of=ANY({B}),
                    ),
                )
            ),
        ),
        (
            {"groups": ("a:VCPU=1", "b:VCPU=1", "c:"), "same_subtree": ("a,b,c",), "in_tree": ("a:host-1",)},
            CandidateRequest(
                groups=(
                    Group(suffix="_a", resources={"VCPU": 1}, in_tree=A),
                    Group(suffix="_b", resources={"VCPU": 1}),
                    Group(suffix="_c"),
                ),
                same_subtrees=(ANY({"_a", "_b", "_c"}),),
            ),
        ),
        (
            {"resources": "VCPU=1", "root_traits": ("X", "!Y"), "isolate": True, "limit": 3},
            CandidateRequest(
                groups=(Group(resources={"VCPU": 1}),),
                isolate=True,
                limit=3,
                root_required=ANY({"X"}),
                root_forbidden=ANY({"Y"}),
            ),
        ),
    ],
)
def test_options_are_parsed(words: dict[str, Any], found: CandidateRequest) -> None:
    assert parse_request(RequestOptions(**words), uuid_of) == found


def test_aggregates_may_be_given_by_name() -> None:
    words = RequestOptions(resources="VCPU=1", member_of=("rack-1|rack-2",), not_member_of=("rack-2",))
    (group,) = parse_request(words, uuid_of, {"rack-1": A, "rack-2": B}.__getitem__).groups
    assert (group.member_of, group.not_member_of) == ((ANY({A, B}),), ANY({B}))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "no amounts given"),
        ({"groups": ("a:",)}, "no amounts given"),
        ({"groups": ("VCPU=1",)}, "is not a group"),
        ({"groups": ("a:VCPU=1", "a:VCPU=2")}, "twice"),
        ({"resources": "VCPU=1", "traits": ("gpu:X",)}, "there is no group 'gpu'"),
        ({"groups": ("a:VCPU=1",), "traits": ("X",)}, "no main request"),
        ({"groups": ("a:VCPU=1",), "same_subtree": ("a,b",)}, "there is no group 'b'"),
        ({"resources": "VCPU=1", "groups": ("a:VCPU=1",), "same_subtree": (",a",)}, "there is no group ''"),
        ({"resources": "VCPU=1", "groups": ("a:",)}, "group a has no amounts"),
        ({"resources": "VCPU=1", "traits": ("X",), "forbidden": ("X",)}, "required and forbidden"),
        ({"resources": "VCPU=1", "member_of": ("rack|",)}, "empty"),
        ({"resources": "VCPU=1", "traits": ("",)}, "empty"),
    ],
)
def test_illegal_options_are_rejected(words: dict[str, Any], why: str) -> None:
    with pytest.raises(typer.BadParameter, match=why):
        parse_request(RequestOptions(**words), uuid_of)
