"""Renewals that wait for each other share a commit, and wait no longer when they need not."""

from __future__ import annotations

import pytest

from berth.ledger import Ledger
from berth.ledger.write import renewals
from berth.model.lease import RenewalRefusal
from berth.model.lease_commands import RenewLeases
from berth.store.engine import Database
from tests.support.hold_ledger import FakeClock, timed_ledger

LEASE = "00000000-0000-4000-8000-0000000000e1"


class _Monotonic:
    """Stands for the module time: its clock stands still until the test moves it."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> _Monotonic:
    clock = _Monotonic()
    monkeypatch.setattr(renewals, "time", clock)
    return clock


@pytest.fixture
def ledger(database: Database) -> Ledger:
    """Return a ledger on a clock that stands still."""
    return timed_ledger(database, FakeClock())


def test_those_of_a_second_wait_for_each_other(ledger: Ledger, monotonic: _Monotonic) -> None:
    ledger.gather_renewals(1)
    first, second, third = (ledger.queue(RenewLeases(uuids=(LEASE,))) for _ in range(3))
    assert ledger.waiting
    ledger.work()
    assert all(each.done() for each in (first, second, third))
    monotonic.now = 0.4
    later, last = ledger.queue(RenewLeases(uuids=(LEASE,))), ledger.queue(RenewLeases(uuids=(LEASE,)))
    assert (ledger.waiting, ledger.renewals_due_s) == (False, 0.6)
    ledger.work()
    assert not later.done()
    monotonic.now = 1.0
    assert (ledger.waiting, ledger.renewals_due_s) == (True, 0)
    ledger.work()
    assert later.result() == last.result() == {LEASE: RenewalRefusal.UNKNOWN}
    assert ledger.renewals_due_s is None


def test_none_waits_in_a_program_of_its_own_or_at_the_end(ledger: Ledger, monotonic: _Monotonic) -> None:
    for _ in range(3):
        assert ledger.leases.renew([LEASE]) == {LEASE: RenewalRefusal.UNKNOWN}
    ledger.gather_renewals(1)
    ledger.submit(RenewLeases(uuids=(LEASE,)))
    monotonic.now = 0.1
    waiting = ledger.submit(RenewLeases(uuids=(LEASE,)))
    assert not waiting.done()
    ledger.close()
    assert waiting.result() == {LEASE: RenewalRefusal.UNKNOWN}
