"""The hot paths stay hot: counted in operations, bytes and statements, never in seconds.

A find or a claim must cost as much in a fleet of 10,000 hosts as in one of 1,000. The ceilings of one
find and one claim are half above what was counted when they were set (CPython 3.11; other versions count a
little differently): lower them when it gets better.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

import pytest

from bench import claims
from bench.rows import BASE, isolated
from berth.api.http.messages import Reply
from tests.suites.bench.conftest import Load, Loaded
from tests.suites.bench.operation_counts import operations, peak_bytes, statements

NUMBERS = count(1)
"""Numbers for the consumers of each claim."""


class Find(NamedTuple):
    """A question, the two sizes of the fleet it is asked of, and how much it may cost.

    `most`: operations in the small fleet; `growth`, `memory_growth`: how many times more operations and
    bytes it may take in the large one.
    """

    shape: str
    small: int
    large: int
    query: str
    most: int
    growth: float = 1.1
    memory_growth: float = 1.2


FINDS = {
    "flat": Find("flat", 1000, 10_000, f"{BASE}&limit=10", 12_000),
    "a trait": Find("flat", 1000, 10_000, f"{BASE}&required=HW_CPU_X86_AVX2&limit=10", 12_500),
    "two traits": Find("flat", 1000, 10_000, f"{BASE}&required=in:HW_CPU_X86_AVX2,HW_CPU_X86_SSE42&limit=10", 12_500),
    "nothing fits": Find("flat", 1000, 10_000, "resources=VCPU:1,MEMORY_MB:900000000", 8_000, 1.1, 10.0),
    "numa": Find("numa", 300, 3000, f"{BASE}&limit=10", 39_000),
    "sharing": Find("sharing", 300, 3000, f"{BASE}&limit=10", 53_000),
    "gpu": Find("gpu", 30, 300, isolated(4, 10), 145_000),
}


@pytest.mark.parametrize("case", FINDS)
def test_a_find_costs_the_same_in_a_larger_fleet(case: str, loaded: Load) -> None:
    find = FINDS[case]
    asks = [loaded(find.shape, hosts).asking(f"/allocation_candidates?{find.query}") for hosts in find[1:3]]
    expected = 0 if case == "nothing fits" else 10
    assert [found(ask()) for ask in asks] == [expected, expected]
    steps = [operations(ask) for ask in asks]
    held = [peak_bytes(ask) for ask in asks]
    assert steps[0] <= find.most
    assert steps[1] <= steps[0] * find.growth
    assert held[1] <= held[0] * find.memory_growth


@pytest.mark.parametrize("case", FINDS)
def test_a_find_asks_the_database_nothing(case: str, loaded: Load) -> None:
    one = loaded(FINDS[case].shape, FINDS[case].small)
    ask = one.asking(f"/allocation_candidates?{FINDS[case].query}")
    ask()
    with statements() as seen:
        ask()
    assert seen == {}


@pytest.mark.parametrize("hosts", [1000, 10_000])
def test_a_find_after_a_claim_is_a_find_and_a_look_at_the_head(hosts: int, loaded: Load) -> None:
    one = loaded("flat", hosts)
    ask = one.asking(f"/allocation_candidates?{FINDS['flat'].query}")
    ask()
    before = operations(ask)
    assert claiming(one)().status == 204
    with statements() as seen:
        assert operations(ask) <= before * 1.6
    assert seen.total() <= 3, seen


def found(reply: Reply) -> int:
    """How many candidates there are."""
    assert reply.status == 200, reply.body
    return len(json.loads(reply.body)["allocation_requests"])


class Claim(NamedTuple):
    """How many claims go in one POST (0: one PUT), and how many operations and statements that may take."""

    batch: int
    most: int
    statements: int = 10


CLAIMS = {"PUT": Claim(0, 25_000), "POST of 10": Claim(10, 70_000), "POST of 50": Claim(50, 265_000)}


@pytest.mark.parametrize("case", CLAIMS)
def test_a_claim_costs_the_same_in_a_larger_fleet(case: str, loaded: Load) -> None:
    batch, most, _ = CLAIMS[case]
    fleets = loaded("flat", 1000), loaded("flat", 10_000)
    assert [claiming(each, batch)().status for each in fleets] == [204, 204]
    steps = [operations(claiming(each, batch)) for each in fleets]
    assert steps[0] <= most
    assert steps[1] <= steps[0] * 1.1


@pytest.mark.parametrize("case", CLAIMS)
def test_statements_do_not_grow_with_the_batch(case: str, loaded: Load) -> None:
    batch, _, most = CLAIMS[case]
    one = loaded("flat", 1000)
    assert claiming(one, batch)().status == 204
    with statements() as seen:
        assert claiming(one, batch)().status == 204
    assert 0 < seen.total() <= most, seen


def claiming(one: Loaded, batch: int = 0) -> Callable[[], Reply]:
    """A claim for new consumers on hosts drawn at random, to be carried out once."""
    hosts, number = one.fleet.first(1000), next(NUMBERS)
    feed = claims.posts(hosts, number, 0, batch) if batch else claims.puts(hosts, number, 0)
    return one.sending(next(feed))
