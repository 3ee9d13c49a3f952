"""An analysis that was kept and continued elsewhere finds what one finds that never stopped."""

from __future__ import annotations

import random
import zlib

import msgspec
import pytest

from berth.ledger.audit.anomalies import Analysis, state
from berth.ledger.audit.anomalies.baseline import MOST_NETWORKS, RefusalBaseline
from berth.ledger.audit.anomalies.rates import MOST_REMEMBERED
from berth.model.anomaly import Anomalies
from berth.model.caller import Caller
from berth.model.inventory import Inventory
from tests.suites.anomalies.activity import Fleet
from tests.suites.anomalies.judge import examined, history
from tests.suites.anomalies.records import MINUTE, START, Host, Log

DAYS, SCALE = 44, 0.4
STOPS = 60
"""How often a scan is stopped: a few times in a week of the history, at any record."""


def examined_with_stops(fleet: Fleet, seed: int) -> Anomalies:
    """What is found by a process after the other, the totals being known from some record on."""
    records = fleet.log.records()
    stops = set(random.Random(seed).sample(range(len(records)), STOPS))
    analysis = Analysis(whole=True)
    for number, stored in enumerate(records):
        if number in stops:
            analysis = kept(analysis)
        analysis.add(stored)
    analysis.set_totals(len(fleet.log.held), fleet.log.capacity())
    return kept(analysis).anomalies()


def kept(analysis: Analysis) -> Analysis:
    loaded = state.load(state.VERSION, state.dump(analysis))
    assert loaded is not None
    assert loaded.state == analysis.state, "nothing is lost on the way"
    return loaded


@pytest.mark.parametrize("seed", range(3))
def test_whoever_continues_finds_the_same(seed: int) -> None:
    fleet, planted = history(seed, DAYS, SCALE)
    found = examined_with_stops(fleet, seed)
    assert found == examined(fleet)
    assert {each.kind for each in found.items} >= {plant.kind for plant in planted}


def test_totals_that_are_found_later_count_for_losses_that_were_kept_before() -> None:
    """A loss refers to the level of its class: the same one after it was kept, whatever the class is called by then."""
    fleet, _ = history(1, DAYS, SCALE)
    records, first = fleet.log.records(), Analysis(whole=True)
    for stored in records:
        first.add(stored)
    assert first.anomalies().complete is False
    second = kept(first)
    for analysis in (first, second):
        analysis.set_totals(len(fleet.log.held), fleet.log.capacity())
    assert second.anomalies() == first.anomalies()
    assert second.anomalies() == examined(fleet)


def test_a_capacity_that_is_no_number_of_64_bits() -> None:
    log = Log(1)
    host = Host(log.new_uuid(), "")
    log.stock(START, Caller(), host, {"VCPU": Inventory(total=2**31 - 1, allocation_ratio=3e38)})
    analysis = Analysis(whole=True)
    for stored in log.records():
        analysis.add(stored)
    kept(analysis)


def test_a_state_that_cannot_be_read_is_none() -> None:
    content = state.dump(Analysis(whole=True))
    assert state.load(state.VERSION, content) is not None
    assert state.load(state.VERSION + 1, content) is None
    assert state.load(0, b"") is None
    for broken in (
        b"",
        content[:-3],
        b"x" + content,
        zlib.compress(b"\x90"),
        zlib.compress(msgspec.msgpack.encode([1])),
    ):
        assert state.load(state.VERSION, broken) is None


def test_the_state_is_bounded_for_an_actor_with_many_networks() -> None:
    log, analysis = Log(1), Analysis(whole=True)
    for number in range(3 * MOST_NETWORKS):
        address = f"203.{number // 250}.{number % 250}.1"
        log.refused(START + number, Caller(name="ada", via="oidc", address=address), "403", "no")
    for stored in log.records():
        analysis.add(stored)
    ((_, actor),) = analysis.state.baseline.actors
    assert [len(day.networks) for day in actor.days.values()] == [MOST_NETWORKS]


def test_the_state_is_bounded_for_refusals_from_many_addresses() -> None:
    refusals = RefusalBaseline()
    for number in range(MOST_REMEMBERED + 100):
        refusals.add(1, ("", f"2001:db8::{number:x}"), 1)
    refusals.add(1, ("", "2001:db8::1"), 5)
    assert len(refusals.state.counted) == MOST_REMEMBERED
    assert refusals.state.days[1] == (MOST_REMEMBERED + 4, MOST_REMEMBERED)
    refusals.add(2, ("", "2001:db8::1"), MINUTE)
    assert len(refusals.state.counted) == 1
