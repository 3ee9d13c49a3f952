"""Candidates and provider queries, against brute force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from berth.fleet.find import find as blocks
from berth.fleet.find import search
from berth.fleet.find.find import find
from berth.fleet.views import providers
from berth.model.candidate import Candidates, ProviderSummary
from berth.model.request import CandidateRequest, ProviderQuery
from tests.suites.properties.fleets import fleet_of
from tests.suites.properties.requests import candidate_requests, provider_queries
from tests.suites.properties.worlds import drained_worlds, worlds
from tests.support.oracle import candidates as oracle
from tests.support.oracle.candidates import Found
from tests.support.oracle.world import World

TOO_MANY = 20_000
WorldWithRequests = tuple[World, list[CandidateRequest]]


@st.composite
def world_with_requests(draw: st.DrawFn) -> WorldWithRequests:
    """A world and requests, small enough for brute force."""
    world = draw(drained_worlds())
    drawn = draw(st.lists(candidate_requests(world), min_size=1, max_size=4))
    return world, [ask for ask in drawn if oracle.size(world, ask) <= TOO_MANY]


@contextmanager
def thresholds(memory: int, block: int) -> Iterator[None]:
    """Small worlds never reach what a large fleet makes the search do, unless its thresholds are moved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "STEPS_BEFORE_MEMORY", memory)
        patch.setattr(blocks, "FIRST_BLOCK", block)
        yield


@pytest.mark.parametrize(
    ("memory", "block"),
    [
        pytest.param(search.STEPS_BEFORE_MEMORY, blocks.FIRST_BLOCK, id="as shipped"),
        pytest.param(0, 1, id="remembering from the first step, slot by slot"),
    ],
)
@given(asked=world_with_requests())
def test_finds_all_there_is_and_nothing_else(memory: int, block: int, asked: WorldWithRequests) -> None:
    world, fleet = asked[0], fleet_of(asked[0])
    for ask in asked[1]:
        expected = oracle.find(world, ask)
        record_events(world, ask, expected)
        with thresholds(memory, block):
            answer = find(fleet, ask)
        assert not answer.bounded
        assert unordered(answer) == expected
        assert told(answer) == oracle.summaries(world, expected, ask)


@given(world_with_requests(), st.integers(1, 6))
def test_a_limit_gives_so_many_different_ones(asked: WorldWithRequests, limit: int) -> None:
    world, fleet = asked[0], fleet_of(asked[0])
    for ask in asked[1]:
        expected = oracle.find(world, ask)
        answer = find(fleet, replace(ask, limit=limit))
        found = unordered(answer)
        event("limited", len(expected) > limit)
        assert found <= expected
        assert len(found) == min(limit, len(expected))
        assert told(answer) == oracle.summaries(world, found, ask)


@given(st.data())
def test_lists_the_providers_that_are_like_that(data: st.DataObject) -> None:
    world = data.draw(worlds())
    query: ProviderQuery = data.draw(provider_queries(world))
    expected = oracle.matching_providers(world, query)
    event(f"{min(len(expected), 2)} or more providers")
    listed = [provider.uuid for provider in providers.providers(fleet_of(world), query)]
    assert sorted(listed) == sorted(expected)


def unordered(answer: Candidates) -> set[Found]:
    """The candidates without any order, of which none may come twice."""
    every = [oracle.found(candidate) for candidate in answer.candidates]
    assert len(every) == len(set(every)), "a candidate came twice"
    return set(every)


def told(answer: Candidates) -> dict[str, ProviderSummary]:
    return {uuid: replace(summary, traits=sorted(summary.traits)) for uuid, summary in answer.summaries.items()}


def record_events(world: World, ask: CandidateRequest, expected: set[Found]) -> None:
    """Record what kind of request this was: Hypothesis' statistics show whether the strategies cover enough."""
    count = len(expected)
    event("candidates", "none" if not count else "1" if count == 1 else "2 to 9" if count < 10 else "10 or more")
    taken = [{uuid for uuid, _name, _amount in candidate.taken} for candidate in expected]
    event("shared", any(len({world.root(uuid) for uuid in uuids}) > 1 for uuids in taken))
    event("nested", any(world.providers[uuid].parent for uuids in taken for uuid in uuids))
    event("same_subtree", bool(ask.same_subtrees))
    ways = [way for root in world.roots() for way in oracle.combinations(world, root, ask)]
    event("some do not fit together", not all(oracle.all_fits(world, way) for way in ways))
    event("some are not isolated", ask.isolate and not all(oracle.is_isolated(way) for way in ways))
