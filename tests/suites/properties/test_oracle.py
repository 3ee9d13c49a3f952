"""The oracle itself, against the real Placement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from berth.model.candidate import ProviderSummary
from berth.model.request import CandidateRequest, Group
from tests.suites.properties.commands import any_command
from tests.suites.properties.requests import candidate_requests
from tests.suites.properties.worlds import worlds
from tests.support.oracle import placement_process
from tests.support.oracle.candidates import Found, find, size, summaries
from tests.support.oracle.commands import tried
from tests.support.oracle.placement_process import Placement
from tests.support.oracle.placement_requests import request
from tests.support.oracle.rows import rows
from tests.support.oracle.world import World

REQUESTS_PER_WORLD = 6
COMMANDS_PER_WORLD = 15
TOO_MANY = 20_000
fewer = settings(max_examples=max(1, settings().max_examples // 4))
"""Placement takes its time."""


@pytest.fixture(scope="module")
def placement() -> Iterator[Placement]:
    with placement_process.running(corrected=True) as running:
        yield running


@fewer
@given(st.data())
def test_finds_what_placement_finds(placement: Placement, data: st.DataObject) -> None:
    world = data.draw(worlds())
    load(placement, world)
    for _ in range(REQUESTS_PER_WORLD):
        ask = expressible(data.draw(candidate_requests(world)))
        if ask is None or size(world, ask) > TOO_MANY:
            continue
        theirs, told = placement.candidates(ask)
        ours = find(world, ask)
        event(f"{'several' if len(ours) > 1 else len(ours)} candidates")
        assert status_line(ours, ask) == theirs
        compare_summaries(summaries(world, ours, ask), told)


@fewer
@given(st.data())
def test_commands_do_what_they_do_in_placement(placement: Placement, data: st.DataObject) -> None:
    world = data.draw(worlds(5))
    load(placement, world)
    for _ in range(COMMANDS_PER_WORLD):
        command = data.draw(any_command(world))
        call = request(world, command)
        if call is None:
            continue
        answer = placement.try_call(call)
        placement.send("forget_idle")
        world, refusal = tried(world, command)
        event(type(command).__name__, refusal.__name__ if refusal else "done")
        assert placement_process.means_refusal(refusal, answer), (refusal, answer)
        assert placement.state() == rows(world)


def load(placement: Placement, world: World) -> None:
    """Let Placement hold this world and nothing else."""
    placement.send("empty")
    placement.send("load", rows(world))
    assert placement.state() == rows(world)


def expressible(ask: CandidateRequest) -> CandidateRequest | None:
    """The request, or what of it is left in a version without nesting; None if Placement refuses it or is wrong."""
    if ask.one_provider_per_tree:
        groups = tuple(before_nesting(group) for group in ask.groups if group.resources)
        ask = CandidateRequest(groups=groups, isolate=ask.isolate, one_provider_per_tree=True)
    return None if ask.root_required & ask.root_forbidden or any(is_fault(group) for group in ask.groups) else ask


def before_nesting(group: Group) -> Group:
    """What of a group can be said in the last version without nesting."""
    required = tuple(frozenset({min(names)}) for names in group.required)
    return replace(group, required=required, in_tree=None, not_member_of=frozenset())


def is_fault(group: Group) -> bool:
    """Whether Placement refuses this group as contradictory, or is known to treat it wrongly."""
    if any(names <= group.forbidden for names in group.required):
        return True
    return not group.resources and (group.in_tree is not None or not (group.required or group.member_of))


def status_line(candidates: set[Found], ask: CandidateRequest) -> set[Found]:
    """The candidates as their version tells them: there were no mappings before 1.34."""
    return {
        Found(taken, frozenset()) if ask.one_provider_per_tree else Found(taken, served) for taken, served in candidates
    }


def compare_summaries(ours: dict[str, ProviderSummary], theirs: dict[str, dict[str, Any]]) -> None:
    """The summaries must tell the same, as far as Placement's version tells it."""
    assert ours.keys() == theirs.keys()
    for uuid, told in theirs.items():
        told["traits"].sort()
        assert {name: value for name, value in as_placement(ours[uuid]).items() if name in told} == told


def as_placement(summary: ProviderSummary) -> dict[str, Any]:
    """A summary as Placement writes it."""
    return {
        "resources": {name: {"capacity": room.capacity, "used": room.used} for name, room in summary.resources.items()},
        "traits": summary.traits,
        "parent_provider_uuid": summary.parent,
        "root_provider_uuid": summary.root,
    }
