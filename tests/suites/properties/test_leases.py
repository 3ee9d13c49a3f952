"""Leases under any outage: who renews keeps theirs (H9), who is silent loses it, and few at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from berth.ledger.verify import verify
from berth.model.lease import AWAY_S, LeaseState, most_endings
from berth.store.engine import Database
from tests.support.databases import runs_whole
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.hold_ledger import FakeClock, timed_ledger
from tests.support.lease_hosts import LeaseHosts

TTL = 10
LATEST_S = 1
"""How long after its instant a server sweeps at the latest."""

OUTAGES = st.lists(st.tuples(st.integers(1, 2 * TTL), st.integers(AWAY_S + 1, 10 * TTL)), max_size=5)
"""Pairs of seconds: how long Berth is there, and then away."""


@contextmanager
def hosts(ledgers: EmptyLedgers, ttl: int = TTL, grace: int | None = None) -> Iterator[tuple[LeaseHosts, Database]]:
    """Open an empty ledger."""
    database, clock = Database(ledgers.new()), FakeClock()
    yield LeaseHosts(timed_ledger(database, clock), clock, ttl, grace), database
    database.close()


@pytest.fixture(autouse=True)
def whole_only(database_kind: str) -> None:
    """Skip the databases on which suites run in part: what is decided is the same, and each commit takes time."""
    if not runs_whole(database_kind):
        pytest.skip("what is decided is the same on all databases")


FEW = settings(max_examples=max(1, settings.default.max_examples // 10))
"""Each example is some hundred commits."""


def test_who_renews_once_a_ttl_keeps_the_lease_whatever_outage(ledgers: EmptyLedgers) -> None:
    @FEW
    @example(outages=[(8, 6), (3, 11)], period=10, phase=0)  # again away between the mark and the next heartbeat
    @given(outages=OUTAGES, period=st.integers(1, TTL), phase=st.integers(0, TTL))
    def check(outages: list[tuple[int, int]], period: int, phase: int) -> None:
        with hosts(ledgers) as (world, database):
            (lease,) = world.grant(1)
            spans = [span for there, away in outages for span in ((False, there), (True, away))]
            second = 0
            for away, seconds in [*spans, (False, 3 * TTL)]:
                world.away = away
                for _ in range(seconds):
                    second += 1
                    if second % period == phase % period:
                        world.beat([lease])
                    world.go_on(1)
            assert world.ended() == []
            assert verify(database).findings == ()

    check()


def test_who_is_silent_loses_the_lease_after_ttl_and_grace(ledgers: EmptyLedgers) -> None:
    @FEW
    @given(beats=st.lists(st.integers(0, TTL), max_size=3), grace=st.integers(1, 2 * TTL))
    def check(beats: list[int], grace: int) -> None:
        with hosts(ledgers, grace=grace) as (world, database):
            (lease,) = world.grant(1)
            for seconds in beats:
                for _ in range(seconds):
                    world.go_on(1)
                world.beat([lease])
            deadline = world.ledger.leases.get(lease).deadline
            while world.ledger.leases.get(lease).state is not LeaseState.ENDED:
                world.go_on(1)
                assert world.clock.now <= deadline + (grace + 2 * LATEST_S) * 1_000_000
            assert world.clock.now >= deadline + grace * 1_000_000
            assert verify(database).findings == ()

    check()


@pytest.mark.parametrize(("count", "silent"), [(60, 30), (300, 150)])
def test_of_many_silent_leases_few_end_in_a_minute(ledgers: EmptyLedgers, count: int, silent: int) -> None:
    with hosts(ledgers, ttl=20, grace=5) as (world, database):
        alive = world.grant(count)[silent:]
        ends: list[int] = []
        for second in range(150):
            if second % 4 == 0:
                world.beat(alive)
            world.go_on(1)
            ends += [world.clock.now] * (len(world.ended()) - len(ends))
        for first in ends:
            assert sum(first <= each < first + 60_000_000 for each in ends) <= most_endings(count)
        assert most_endings(count) <= len(ends) <= 3 * most_endings(count)
        assert not set(alive) & set(world.ended())
        alarms = [each for each in world.ledger.audit(operation="Lapse", most=1000) if "not renewed" in each.why]
        assert alarms
        assert f"of {count} leases not renewed" in alarms[-1].why
        assert [each.kind.value for each in world.ledger.anomalies().items] == ["leases-silent"]
        assert verify(database).findings == ()


def test_renewals_write_few_rows_in_one_commit_a_second(ledgers: EmptyLedgers) -> None:
    """Of 10,000 hosts with a ttl of 120 s that renew every 30 s 350 rows a second: here a hundredth of them."""
    with hosts(ledgers, ttl=120) as (world, _):
        every = world.grant(100)
        world.clock.go_on(30)
        with written() as rows:
            for second in range(90):
                world.beat(every[second % 30 :: 30])
                world.clock.go_on(1)
        assert rows == {"leases": 300, "head": 90}
        assert rows["leases"] * 100 / 90 + 1 <= 350  # rows a second of 10,000 hosts


@contextmanager
def written() -> Iterator[dict[str, int]]:
    """Yield how many rows of each table are written."""
    rows: dict[str, int] = {}

    def note(_connection: object, cursor: object, text: str, *_rest: object) -> None:
        if text.startswith(("UPDATE", "INSERT", "DELETE")):
            table = text.split()[1 if text.startswith("UPDATE") else 2].strip('"`')
            rows[table] = rows.get(table, 0) + cursor.rowcount  # type: ignore[attr-defined]

    event.listen(Engine, "after_cursor_execute", note)
    try:
        yield rows
    finally:
        event.remove(Engine, "after_cursor_execute", note)
