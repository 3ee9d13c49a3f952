"""The usage series where the log, or what is kept, is not as it was written; and its bounds."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from berth.ledger.audit import usage_rewind, usage_series
from berth.ledger.mend import mend
from berth.ledger.queries import summaries
from berth.model.caller import Caller
from berth.model.inventory import Inventory
from berth.store import usage_samples
from berth.store.engine import Database
from tests.support.filled_ledger import VM, fill
from tests.support.hold_ledger import FakeClock, timed_ledger

HOUR = 3600


def test_changes_that_are_missing_are_looked_for_once(database: Database) -> None:
    clock = FakeClock()
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        clock.go_on(HOUR)
        ledger.release(VM)
        with database.writing() as connection:
            connection.execute(text("DELETE FROM changes WHERE number = 3"))
        clock.go_on(HOUR)
        found, asked = ledger.summaries.trends(), list[bool]()
        of_cpu = next(each for each in found.day.classes if each.resource_class == "VCPU")
        assert (of_cpu.held[0], of_cpu.held[-4:], found.complete) == (None, [2, 2, 0, 0], True)
        ledger.summaries.keep_usage(lambda: not asked.append(True))
        assert not asked
        with database.writing() as connection:
            connection.execute(text("UPDATE usage_samples SET levels = 'nonsense'"))
        day = ledger.summaries.trends().day
        assert {amount for each in day.classes for amount in each.held} == {None}


def test_a_mend_states_again_what_was_so_before(database: Database) -> None:
    clock = FakeClock(time.time_ns() // 1000 - 3 * HOUR * 1_000_000)
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        with database.writing() as connection:
            connection.execute(text("UPDATE allocations SET amount = 19.5 WHERE amount = 20"))
            connection.execute(text("UPDATE inventories SET reserved = 200 WHERE total = 100"))
        clock.now = time.time_ns() // 1000
        assert mend(database, Caller(name="root"), apply=True).change is not None
        clock.go_on(HOUR)
        (disk,) = [each for each in ledger.summaries.trends().day.classes if each.resource_class == "DISK_GB"]
        assert (disk.held[-6:], disk.capacity[-1]) == ([20] * 6, 0)


def test_of_many_classes_those_that_most_providers_have(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_rewind, "MOST_CLASSES", 2)
    monkeypatch.setattr(summaries, "MOST_IN_SAMPLE", 2)
    clock = FakeClock()
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        for number, name in enumerate(("VCPU", "VCPU", "DISK_GB")):
            uuid = f"00000000-0000-4000-8000-0000000000e{number}"
            ledger.create_provider(f"more-{number}", uuid=uuid)
            ledger.set_inventories(uuid, {name: Inventory(total=2**31 - 1, allocation_ratio=3e38)})
        clock.go_on(HOUR)
        day = ledger.summaries.trends().day
        last = {each.resource_class: (each.held[-1], each.capacity[-1]) for each in day.classes}
        assert last == {
            "CUSTOM_SLOT": (None, None),
            "DISK_GB": (20, 2**62 + 100),
            "MEMORY_MB": (None, None),
            "VCPU": (2, 2**63 - 1),
        }


def test_no_sample_lacks_a_commit_that_hung(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that another process began before the instant of a sample, and that is there only once that was made."""
    clock, slow, keep = FakeClock(), FakeClock(), usage_series._keep
    with timed_ledger(database, clock) as ledger, timed_ledger(Database(str(database.url)), slow) as other:
        fill(ledger)
        slow.now = clock.now
        slow.go_on(HOUR)
        clock.go_on(3 * HOUR)

        def keeping(*given: object) -> None:
            other.release(VM)
            keep(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(usage_series, "_keep", keeping)
        ledger.summaries.trends()
        monkeypatch.undo()
        with database.reading() as connection:
            kept = usage_samples.all_samples(connection)
        assert len(kept) > 100
        assert max(kept) < slow.now
        (cpu,) = [each for each in ledger.summaries.trends().day.classes if each.resource_class == "VCPU"]
        assert cpu.held[-6:] == [2, 2, 0, 0, 0, 0]
