"""Another history under a process that lives, after a failover or a restore: it is not taken for the known one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from berth.ledger import Ledger, open_ledger
from berth.ledger import replica as replicas
from berth.ledger.observer import CommitObserver
from berth.ledger.verify import verify
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import Claim
from berth.model.errors import CapacityExceeded, ClassNotFound, TraitsNotFound
from berth.model.inventory import Inventory
from berth.store.engine import Database
from berth.store.watch import RowWatch
from tests.support.databases import is_long
from tests.support.restored_ledger import kept_rows, restore

HOST = "00000000-0000-4000-8000-000000000001"
TOTAL = 100
REFUSED = RefusedRequest(caller=Caller(), request="r", operation="o", target="t", outcome="401", why="w")

LENGTHS = [(2, 1), (2, 2), (2, 3), (1, 5), (0, 2), (3, 0)]
"""How many commits are lost, and how many others are made instead."""

FIRST = ["reads", "reads rows", "claims", "refuses"]
"""What the process that lives through it does first afterwards."""

FORKS = [
    *((length, "reads", False) for length in LENGTHS),
    *((length, "claims", False) for length in LENGTHS[:3]),
    *((length, "reads rows", False) for length in LENGTHS[:2]),
    *(((2, 2), first, True) for first in ("reads", "claims", "refuses")),
]
"""The last: whether these commits are of refused requests only, so that no change has a number in both histories."""

EVERY_FORK = [(length, first, audit_only) for length in LENGTHS for first in FIRST for audit_only in (False, True)]


class Forks(CommitObserver):
    """Counts the histories that were found to be other ones."""

    def __init__(self) -> None:
        self.count = 0

    def forked(self) -> None:
        """See CommitObserver."""
        self.count += 1


@pytest.fixture(autouse=True)
def believed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is behind is a restored backup here, never a standby that lags."""
    monkeypatch.setattr(replicas, "BELIEVED_AFTER_S", 0)


@pytest.fixture
def opened(url: str) -> Iterator[tuple[Ledger, Ledger]]:
    """The ledger of a process that lives through it all, and of one that is started afterwards."""
    with ExitStack() as stack:
        ours = stack.enter_context(open_ledger(url))
        ours.create_provider("host", uuid=HOST)
        ours.set_inventories(HOST, {"VCPU": Inventory(total=TOTAL)})
        _claim(ours, 1, 10)
        yield ours, stack.enter_context(open_ledger(url))


def _claim(ledger: Ledger, number: int, amount: int) -> None:
    consumer = f"c0000000-0000-4000-8000-{number:012d}"
    ledger.claim(Claim(consumer=consumer, allocations={HOST: {"VCPU": amount}}, project="p", user="u"))


def _refuse(ledger: Ledger) -> None:
    ledger.record_refusal(REFUSED)
    ledger.work()


def _used(ledger: Ledger) -> int:
    return ledger.usages(HOST).usages["VCPU"]


@pytest.fixture
def forks(opened: tuple[Ledger, Ledger]) -> Forks:
    """The forks that the ledger which lives through it all has reported."""
    observer = Forks()
    opened[0].observe(observer)
    return observer


def _lose_commits(ours: Ledger, url: str, database: Database, lost: int, made: int, *, audit_only: bool) -> None:
    """Make commits through `ours` that are lost, and others instead of them through another process."""
    rows = kept_rows(database)
    for number in range(lost):
        _refuse(ours) if audit_only else _claim(ours, 10 + number, 1)
    assert _used(ours) == (10 if audit_only else 10 + lost)
    restore(database, rows)
    with open_ledger(url) as others:
        for number in range(made):
            _refuse(others) if audit_only else _claim(others, 20 + number, 80 // made)


@pytest.mark.parametrize(("length", "first", "audit_only"), EVERY_FORK if is_long() else FORKS)
def test_another_history_is_noticed(
    url: str,
    database: Database,
    opened: tuple[Ledger, Ledger],
    forks: Forks,
    length: tuple[int, int],
    first: str,
    audit_only: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (ours, fresh), (lost, made) = opened, length
    _lose_commits(ours, url, database, lost, made, audit_only=audit_only)
    expected = 10 if audit_only or not made else 10 + 80 // made * made
    with caplog.at_level(logging.ERROR, "berth"):
        if first == "reads":
            assert _used(ours) == expected
        elif first == "reads rows":
            assert ours.allocations_of(HOST) == fresh.allocations_of(HOST)
        elif first == "refuses":
            _refuse(ours)
        with pytest.raises(CapacityExceeded):
            _claim(ours, 30, TOTAL - expected + 1)
    assert forks.count == ours.history_epoch == (1 if lost else 0)
    assert [record.levelname for record in caplog.records] == ["ERROR"] * (1 if lost else 0)
    assert all("holds another history" in record.message for record in caplog.records)
    _claim(ours, 31, TOTAL - expected)
    assert _used(ours) == _used(fresh) == TOTAL
    assert ours.known_position == fresh.known_position
    assert verify(database).findings == ()


def test_names_and_tokens_of_the_lost_history_are_forgotten(
    url: str, database: Database, opened: tuple[Ledger, Ledger]
) -> None:
    ours, _ = opened
    rows = kept_rows(database)
    ours.create_class("CUSTOM_LOST")
    ours.create_trait("CUSTOM_LOST")
    assert ours._writer.tokens() == {}
    restore(database, rows)
    with open_ledger(url) as others:
        others.create_trait("CUSTOM_OTHER")
        others.create_class("CUSTOM_OTHER")
    assert ours.trait("CUSTOM_OTHER").name == "CUSTOM_OTHER"
    for missing in (lambda: ours.resource_class("CUSTOM_LOST"), lambda: ours.trait("CUSTOM_LOST")):
        with pytest.raises((ClassNotFound, TraitsNotFound)):
            missing()


def test_the_position_tells_histories_apart(url: str, database: Database, opened: tuple[Ledger, Ledger]) -> None:
    ours, _ = opened
    rows = kept_rows(database)
    ours.create_trait("CUSTOM_X")
    before = ours.known_position
    restore(database, rows)
    with open_ledger(url) as others:
        others.create_trait("CUSTOM_X")
    assert ours.head() == before.number
    assert ours.known_position.tag != before.tag
    assert len(before.tag) == 16


def test_a_process_that_is_only_behind_goes_on(opened: tuple[Ledger, Ledger], url: str) -> None:
    ours, fresh = opened
    for _ in range(3):
        _claim(ours, 40, 20)
        _refuse(ours)
        assert _used(fresh) == 30
        fleet = fresh._writer.fleet
        with open_ledger(url) as others:
            _refuse(others)
        assert (_used(fresh), fresh._writer.fleet is fleet) == (30, True)
        ours.release("c0000000-0000-4000-8000-000000000040")
        assert _used(fresh) == 10
    assert (ours.history_epoch, fresh.history_epoch) == (0, 0)


def test_a_look_at_an_older_state_is_no_other_history(
    opened: tuple[Ledger, Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at a standby that lags: the query that follows, which sees what is known, is the answer."""
    ours, _ = opened
    stale = ours._writer._watch.latest()
    fleet = ours._writer.fleet
    _claim(ours, 2, 5)
    monkeypatch.setattr(ours._writer._watch, "latest", lambda _wait_s: stale)
    assert (_used(ours), ours._writer.fleet is fleet, ours.history_epoch) == (15, True, 0)
    assert stale is not None or not isinstance(ours._writer._watch, RowWatch)
