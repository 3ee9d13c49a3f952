"""Views of a whole fleet are computed in columns: ten times the hosts take no more operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from berth.fleet.explain.explain import explain
from berth.fleet.state.fleet import Fleet
from berth.fleet.views.attention import attention, free_hosts
from berth.fleet.views.map import fleet_map
from berth.fleet.views.overview import names_in_use, overview
from berth.fleet.views.provider_page import provider_page
from berth.model.change import NameKind
from berth.model.overview import MapQuery, ProviderFilter
from berth.model.request import CandidateRequest, Group
from tests.suites.bench.conftest import Load
from tests.suites.bench.operation_counts import operations, statements


def asking(*groups: Group, **rest: Any) -> CandidateRequest:
    return CandidateRequest(groups=groups, **rest)


def devices(count: int) -> CandidateRequest:
    return asking(*(Group(suffix=str(at), resources={"VGPU": 1}) for at in range(count)), isolate=True)


BASE = {"VCPU": 4, "MEMORY_MB": 8192, "DISK_GB": 50}
FAST = (frozenset({"HW_CPU_X86_AVX2"}),)


class Look(NamedTuple):
    """A question, the two sizes of the fleet it is asked of, and how many operations it may take in the small one."""

    shape: str
    small: int
    ask: Callable[[Fleet], object]
    most: int
    growth: float = 1.1


LOOKS = {
    "why: fits": Look("flat", 1000, lambda fleet: explain(fleet, asking(Group(resources=BASE))), 27_000),
    "why: too much": Look("flat", 1000, lambda fleet: explain(fleet, asking(Group(resources={"VCPU": 9999}))), 27_000),
    "why: a trait": Look(
        "flat", 1000, lambda fleet: explain(fleet, asking(Group(resources=BASE, required=FAST))), 31_000
    ),
    "why: nested": Look("numa", 300, lambda fleet: explain(fleet, asking(Group(resources=BASE))), 27_000),
    "why: shared": Look("sharing", 300, lambda fleet: explain(fleet, asking(Group(resources=BASE))), 38_000),
    # The count without isolation searches 64 trees; what no tree can have is decided in columns.
    "why: one device too few": Look("gpu", 30, lambda fleet: explain(fleet, devices(9)), 900_000, 3),
    "overview": Look("numa", 300, overview, 2500),
    "names": Look("numa", 300, lambda fleet: names_in_use(fleet, NameKind.TRAIT), 30_000),
    "a map": Look("flat", 1000, lambda fleet: fleet_map(fleet, MapQuery(room={"VCPU": 4})), 156_000),
    "a page": Look(
        "flat", 1000, lambda fleet: provider_page(fleet, ProviderFilter(room={"VCPU": 4}), None, 50), 23_000
    ),
    # Each name, or uuid, is compared, and nothing else is done with it: some five operations each.
    "a part of a name": Look(
        "flat", 1000, lambda fleet: provider_page(fleet, ProviderFilter(name="99"), None, 12), 12_500, 7
    ),
    "the beginning of a uuid": Look(
        "flat", 1000, lambda fleet: provider_page(fleet, ProviderFilter(uuid="abc"), None, 12), 10_500, 10
    ),
    "what needs a person": Look("numa", 300, lambda fleet: attention(fleet, 5), 1600),
    "free hosts": Look("numa", 300, lambda fleet: free_hosts(fleet, "VCPU"), 1250),
}


@pytest.mark.parametrize("case", LOOKS)
def test_a_look_costs_the_same_at_a_larger_fleet(case: str, loaded: Load) -> None:
    look = LOOKS[case]
    steps = []
    for hosts in (look.small, look.small * 10):
        with loaded(look.shape, hosts).ledger._writer.read() as fleet:
            look.ask(fleet)
            steps.append(operations(lambda: look.ask(fleet)))
    assert (steps[0] <= look.most, steps[1] <= steps[0] * look.growth) == (True, True), steps


def test_projects_read_no_more_than_is_shown(loaded: Load) -> None:
    """Without totals nothing that is held; with those of every project no look-up by project."""
    ledger = loaded("flat", 1000).ledger
    with statements() as counted:
        ledger.projects(name="p", totals=False)
    assert not any("allocations" in text for text in counted)
    with statements() as summed:
        ledger.projects()
    assert not any("BETWEEN" in text for text in summed)
