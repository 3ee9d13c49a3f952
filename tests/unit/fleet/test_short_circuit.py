"""Requests with an unknown name that Placement answers with nothing, because an earlier part finds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from berth.fleet.short_circuit import placement_finds_nothing_first, placement_lists_nothing_first
from berth.fleet.state.fleet import Fleet
from berth.model.request import CandidateRequest, Group, ProviderQuery
from tests.support.fleets import provider, small_fleet, uuid_of

A, UNUSED = "CUSTOM_A", "CUSTOM_UNUSED"
UNKNOWN = Group(suffix="2", resources={"NO_SUCH": 1})
FITS = Group(suffix="1", resources={"VCPU": 1})
TOO_BIG = Group(suffix="1", resources={"VCPU": 9})


def any_of(*names: str) -> tuple[frozenset[str], ...]:
    return (frozenset(names),)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return small_fleet(
        provider("host", VCPU=4, traits=[A], aggregates=["rack"]), provider("other", VCPU=2), traits=[UNUSED]
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"groups": (FITS, UNKNOWN)}, False, id="the group before fits"),
        pytest.param({"groups": (TOO_BIG, UNKNOWN)}, True, id="the group before finds nothing"),
        pytest.param({"groups": (UNKNOWN, TOO_BIG)}, False, id="the unknown name comes first"),
        pytest.param(
            {"groups": (Group(suffix="1", resources={"VCPU": 1}, member_of=any_of("row")), UNKNOWN)},
            True,
            id="an aggregate without members",
        ),
        pytest.param(
            {"groups": (Group(resources={"VCPU": 1}, forbidden=frozenset({"NO_SUCH"})),)},
            False,
            id="an unknown trait of the first group",
        ),
        pytest.param(
            {"groups": (Group(suffix="1", required=any_of(UNUSED)), UNKNOWN)}, True, id="no provider is like that"
        ),
        pytest.param({"groups": (UNKNOWN,), "root_required": frozenset({UNUSED})}, True, id="no root is like that"),
        pytest.param({"groups": (UNKNOWN,), "root_required": frozenset({A})}, False, id="a root is like that"),
        pytest.param({"groups": (TOO_BIG,), "root_required": frozenset({"NO_SUCH"})}, False, id="of the root, unknown"),
    ],
)
def test_requests(fleet: Fleet, fields: dict[str, Any], expected: bool) -> None:
    assert placement_finds_nothing_first(fleet, CandidateRequest(**fields)) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"in_tree": uuid_of("nobody"), "required": any_of("NO_SUCH")}, True),
        ({"in_tree": uuid_of("host"), "required": any_of("NO_SUCH")}, False),
        ({"required": any_of(UNUSED), "forbidden": frozenset({"NO_SUCH"})}, True),
        ({"required": any_of(A), "forbidden": frozenset({"NO_SUCH"})}, False),
        ({"member_of": any_of("row"), "resources": {"NO_SUCH": 1}}, True),
        ({"member_of": any_of("rack"), "resources": {"NO_SUCH": 1}}, False),
    ],
)
def test_lists(fleet: Fleet, fields: dict[str, Any], expected: bool) -> None:
    assert placement_lists_nothing_first(fleet, ProviderQuery(**fields)) is expected
