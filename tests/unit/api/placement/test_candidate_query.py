"""`GET /allocation_candidates`: what a query asks for, and what makes no sense."""

from __future__ import annotations

import pytest

from berth.api.http.messages import BadRequest, parse_query
from berth.api.placement import error_codes
from berth.api.placement.candidate_query import candidate_request
from berth.api.placement.versions import rules
from berth.model.request import CandidateRequest, Group

A, B = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
CPU = {"VCPU": 1}


def any_of(*names: str) -> frozenset[str]:
    return frozenset(names)


def ask(*groups: Group, **more: object) -> CandidateRequest:
    return CandidateRequest(groups=groups, **more)  # type: ignore[arg-type]


PLAIN = Group(resources=CPU)

UNDERSTOOD: tuple[tuple[int, str, CandidateRequest], ...] = (
    (10, "resources=VCPU:1", ask(PLAIN, one_provider_per_tree=True)),
    (28, "resources=VCPU:1", ask(PLAIN, one_provider_per_tree=True)),
    (29, "resources=VCPU:1", ask(PLAIN)),
    (39, "resources=VCPU%3A1%2CMEMORY_MB%3A2", ask(Group(resources={"VCPU": 1, "MEMORY_MB": 2}))),
    (39, "resources=VCPU:5&resources=VCPU:1", ask(PLAIN)),
    (39, "resources=VCPU:1&limit=3", ask(PLAIN, limit=3)),
    (39, "resources=VCPU:1&limit=3&limit=4", ask(PLAIN, limit=3)),
    (39, "resources=VCPU:1&limit=" + "9" * 30, ask(PLAIN, limit=2**31 - 1)),
    (39, "resources=VCPU:1&required=X,!Y", ask(Group(resources=CPU, required=(any_of("X"),), forbidden=any_of("Y")))),
    (39, f"resources=VCPU:1&member_of={A}", ask(Group(resources=CPU, member_of=(any_of(A),)))),
    (39, f"resources=VCPU:1&member_of=!{A}", ask(Group(resources=CPU, not_member_of=any_of(A)))),
    (39, f"resources=VCPU:1&in_tree={A.upper()}", ask(Group(resources=CPU, in_tree=A))),
    (
        25,
        "resources=VCPU:1&resources1=VGPU:1&required1=X",
        ask(PLAIN, Group(suffix="1", resources={"VGPU": 1}, required=(any_of("X"),)), one_provider_per_tree=True),
    ),
    (
        29,
        "resources1=VCPU:1&resources2=VGPU:1&group_policy=isolate",
        ask(Group(suffix="1", resources=CPU), Group(suffix="2", resources={"VGPU": 1}), isolate=True),
    ),
    (
        29,
        "resources1=VCPU:1&resources2=VGPU:1&group_policy=none&group_policy=isolate",
        ask(Group(suffix="1", resources=CPU), Group(suffix="2", resources={"VGPU": 1})),
    ),
    (33, "resources_CPU-0=VCPU:1", ask(Group(suffix="_CPU-0", resources=CPU))),
    (33, "resourcesX=VCPU:1", ask(Group(suffix="X", resources=CPU))),
    (33, f"in_tree_A={A}&resources_A=VCPU:1", ask(Group(suffix="_A", resources=CPU, in_tree=A))),
    (
        35,
        "resources=VCPU:1&root_required=X,!Y",
        ask(PLAIN, root_required=any_of("X"), root_forbidden=any_of("Y")),
    ),
    (
        36,
        "resources_A=VCPU:1&required_B=X&same_subtree=_A,_B&group_policy=none",
        ask(
            Group(suffix="_A", resources=CPU),
            Group(suffix="_B", required=(any_of("X"),)),
            same_subtrees=(any_of("_A", "_B"),),
        ),
    ),
    (
        36,
        "resources=VCPU:1&resources_A=VGPU:1&same_subtree=_A&same_subtree= _A ",
        ask(PLAIN, Group(suffix="_A", resources={"VGPU": 1}), same_subtrees=(any_of("_A"), any_of("_A"))),
    ),
)


@pytest.mark.parametrize(("minor", "query", "request_"), UNDERSTOOD)
def test_what_a_query_asks_for(minor: int, query: str, request_: CandidateRequest) -> None:
    assert candidate_request(parse_query(query), rules(minor)) == request_


REFUSED: tuple[tuple[int, str, str, str | None], ...] = (
    (25, "", "At least one request group", None),
    (25, "limit=1", "At least one request group", None),
    (25, "required=X", "orphaned traits keys: required", None),
    (25, "required1=X&required=Y&resources=VCPU:1", "orphaned traits keys: required1", None),
    (25, f"member_of1={A}&resources=VCPU:1", "orphaned member_of keys: member_of1", None),
    (32, f"member_of1=!{A}&resources=VCPU:1", "orphaned member_of keys: member_of1", None),
    (31, f"in_tree1={A}&resources=VCPU:1", "All request groups must specify resources.", None),
    (25, "resources1=VCPU:1&resources2=VCPU:1", '"group_policy" parameter is required', None),
    (22, "resources=VCPU:1&required=X,!X", "following traits keys: required: (X)", None),
    (39, "resources=VCPU:1&required=in:X,Y&required=!X,!Y", "required: (X, Y)", None),
    (35, "resources=VCPU:1&root_required=X&root_required=Y", "only once", error_codes.DUPLICATE_KEY),
    (35, "resources=VCPU:1&root_required=X,!X", "found in root_required: X", error_codes.BAD_VALUE),
    (39, "resources=VCPU:1&root_required=in:X", "only supported since microversion 1.39", None),
    (36, "required_A=X&same_subtree=_A", "at least one resources", error_codes.MISSING_VALUE),
    (36, "resources=VCPU:1&required_A=X", "should be specified in `same_subtree`", error_codes.BAD_VALUE),
    (36, "resources=VCPU:1&same_subtree=_A", "['_A'] not found", error_codes.BAD_VALUE),
    (36, "resources_A=VCPU:1&same_subtree=_A,", "Empty string", error_codes.BAD_VALUE),
    (36, "resources_A=VCPU:1&same_subtree=", "Empty string", error_codes.BAD_VALUE),
    (10, "resources=VCPU", "Got: VCPU.", None),
    (31, "resources=VCPU:1&in_tree=x", "format of uuid. Got: x", None),
)


@pytest.mark.parametrize(("minor", "query", "words", "code"), REFUSED)
def test_what_makes_no_sense(minor: int, query: str, words: str, code: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        candidate_request(parse_query(query), rules(minor))
    assert words in refused.value.detail
    assert refused.value.code == code


def test_conflicts_are_only_seen_since_traits_can_be_forbidden() -> None:
    with pytest.raises(BadRequest, match="of the form"):
        candidate_request(parse_query("resources=VCPU:1&required=!X"), rules(21))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("&&", []),
        ("a", [("a", "")]),
        ("a=", [("a", "")]),
        ("=", [("", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        ("a+b=c+d", [("a b", "c d")]),
        ("a=%2B%26%3D%25", [("a", "+&=%")]),
        ("%61=%C3%A9", [("a", "é")]),
        ("a=é", [("a", "é")]),
        ("a;b=1", [("a;b", "1")]),
    ],
)
def test_parameters_of_a_query(text: str, pairs: list[tuple[str, str]]) -> None:
    assert parse_query(text) == pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a=%", "malformed"),
        ("a=%4", "malformed"),
        ("a=%zz", "malformed"),
        ("a=%4g", "malformed"),
        ("a=%+1", "malformed"),
        ("a=%１２", "malformed"),
        ("%zz=a", "malformed"),
        ("a=%ff", "not UTF-8"),
        ("a=%c3", "not UTF-8"),
        ("a=%ed%a0%80", "not UTF-8"),
        ("a=%c0%80", "not UTF-8"),
        ("a=%00", "NUL"),
        ("%00", "NUL"),
    ],
)
def test_no_parameters(text: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        parse_query(text)
