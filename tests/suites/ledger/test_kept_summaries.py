"""What summaries keep for all processes of a ledger: how full the fleet was, and claims that were refused."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

import berth
from berth.ledger import Ledger, open_ledger
from berth.ledger.audit import archive, usage_series
from berth.ledger.audit.usage_series import DAY_STEP, DAY_STEPS
from berth.ledger.mend import mend
from berth.ledger.queries import refusal_counts, refused_claims
from berth.ledger.queries.refusal_counts import MOST, MOST_OF_PROJECT, SPAN_US
from berth.model.caller import Caller
from berth.model.commands import Claim
from berth.model.errors import LedgerClosed, Refusal
from berth.model.summaries import Trends
from berth.store.engine import Database
from tests.support.damaged_log import append_entry
from tests.support.filled_ledger import HOST, VM, fill
from tests.support.hold_ledger import FakeClock, timed_ledger

MINUTE, HOUR, DAY = 60, 3600, 86_400
NEW = "00000000-0000-4000-8000-0000000000b1"


def ask(ledger: Ledger, project: str, amount: int, user: str = "u") -> None:
    """Ask for more than there is."""
    claim = Claim(consumer=NEW, allocations={HOST: {"VCPU": amount}}, project=project, user=user)
    with pytest.raises(Refusal):
        ledger.claim(claim)


def held(trends: Trends, name: str = "VCPU") -> list[int | None]:
    (found,) = [each for each in trends.day.classes if each.resource_class == name]
    return found.held


def test_refused_claims_are_seen_by_all_processes(url: str) -> None:
    """With their number, once they are written; also after all processes have ended."""
    with open_ledger(url) as one, open_ledger(url) as other:
        fill(one)
        for _ in range(3):
            ask(one, "physics", 100)
        ask(other, "arts", 200, "bob")
        assert [each.project for each in one.summaries.refused_claims().items] == ["physics"]
        for each in (one, other):
            each.summaries.refused.share()
            ask(each, "physics", 100)
        for each in (one, other):  # each has one more that the other does not see yet
            found = each.summaries.refused_claims()
            assert found.count == 5
            assert {(item.project, item.user, item.count) for item in found.items} == {
                ("physics", "u", 4),
                ("arts", "bob", 1),
            }
    with open_ledger(url) as again:
        found = again.summaries.refused_claims()
        assert (found.count, found.items[0].asked, found.items[0].count) == (6, {"VCPU": 100}, 5)
        assert HOST in found.items[0].why
        assert again.summaries.refused_claims(project="arts").count == 1
        assert again.summaries.refused_claims(limit=0).items == []


def test_a_flood_of_refusals_is_counted_within_bounds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a project that asks for something else each time a few are kept, so that others are seen; all are counted."""
    monkeypatch.setattr(refusal_counts, "MOST_RESTS", 20)
    clock = FakeClock()
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        for number in range(40):
            ask(ledger, "flood", 100 + number)
        ask(ledger, "physics", 1000)
        for number in range(60):
            ask(ledger, f"project-{number}", 500)
        ledger.summaries.refused.share()
        ask(ledger, "flood", 900)
        ledger.summaries.refused.share()
        found = ledger.summaries.refused_claims(limit=1000)
        assert found.count == 102
        assert len([each for each in found.items if each.project == "flood"]) == MOST_OF_PROJECT
        assert [each.asked for each in found.items if each.project == "physics"] == [{"VCPU": 1000}]
        assert ledger.summaries.refused_claims(project="flood").count == 41
        with database.reading() as connection:
            rows = connection.execute(text("SELECT count(*) FROM refused_claims")).scalar_one()
        assert rows == MOST + 20 + 1
        numbers = [ledger.summaries.refused_claims(project=f"project-{each}").count for each in (0, 57, 59)]
        assert numbers == [1, 1, 0]  # the last one is among those of which only the sum is known
        clock.go_on(DAY + 2 * SPAN_US // 1_000_000)
        assert ledger.summaries.refused_claims(within_s=DAY).count == 0
        ask(ledger, "physics", 1000)
        ledger.summaries.refused.share()
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM refused_claims")).scalar_one() == 1


def test_refusals_wait_while_they_cannot_be_written(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No refusal has a statement of its own; what could not be written is written later, once."""
    with timed_ledger(database, FakeClock()) as ledger:
        fill(ledger)
        monkeypatch.setattr(refused_claims.refused_claims, "drop", _unavailable)
        ask(ledger, "physics", 100)
        ledger.summaries.refused._failures = 2_000  # the pause after them has no end of its own
        ledger.summaries.refused.share_now()
        ask(ledger, "physics", 100)
        assert ledger.summaries.refused_claims().count == 2
        monkeypatch.undo()
        monkeypatch.setattr(refused_claims, "SHARE_S", 0.0)
        ledger.summaries.refused._due = 0.0
        ledger.release(VM)
        with database.reading() as connection:
            assert connection.execute(text("SELECT number FROM refused_claims")).scalars().all() == [2]
        assert ledger.summaries.refused_claims().count == 2


def test_refusals_that_cannot_be_written_for_a_day_are_dropped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whatever is wrong with them, a ledger closes."""
    clock = FakeClock()
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        monkeypatch.setattr(refused_claims.refused_claims, "drop", _unavailable)
        refused = ledger.summaries.refused
        for project in ("old", "new"):
            ask(ledger, project, 100)
            refused.share_now()
            assert [each.project for each in refused._waiting.counts] == [project]
            clock.go_on(DAY + 2 * SPAN_US // 1_000_000)
        monkeypatch.setattr(refused, "share", lambda: {}["a fault"])
        with pytest.raises(KeyError):
            ledger.close()
        with pytest.raises(LedgerClosed):
            ledger.search()
        monkeypatch.undo()


def test_refusals_are_counted_once_while_they_are_written(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before they are committed and after it. And a project is asked for by the name that it has."""
    seen = []
    with timed_ledger(database, FakeClock()) as ledger:
        fill(ledger)
        refused = ledger.summaries.refused
        write, add = refused._write, refused_claims.refused_claims.add

        def look() -> None:
            seen.append(ledger.summaries.refused_claims().count)

        monkeypatch.setattr(refused_claims.refused_claims, "add", lambda *given: (add(*given), look()))
        monkeypatch.setattr(refused, "_write", lambda *given: (write(*given), look()))
        ask(ledger, "a\tb", 100)
        refused.share()
        assert seen == [1, 1]
        assert [ledger.summaries.refused_claims(project=each).count for each in ("a\tb", r"a\tb")] == [1, 0]


def _unavailable(*_values: object) -> None:
    raise berth.errors.Unavailable("the database is elsewhere")


def test_how_full_it_was_outlasts_the_log(
    database: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for two processes that begin at once, after an archive of the whole log, and after a restart."""
    monkeypatch.setattr(archive, "YOUNGEST_US", -(10**18))
    clock = FakeClock()
    with timed_ledger(database, clock) as one, timed_ledger(Database(url), clock) as other:
        fill(one)
        clock.go_on(3 * HOUR)
        one.release(VM)
        clock.go_on(2 * HOUR + 10 * MINUTE)
        both = threading.Barrier(2)

        def trends(ledger: Ledger) -> Trends:
            both.wait()
            return ledger.summaries.trends()

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(trends, (one, other))
        assert first == second
        assert held(first)[-12:] == [0] * 2 + [2] * 6 + [0] * 4
        assert first.complete
        assert archive.archive(database, clock.now, tmp_path, Caller(name="root")) is not None
        assert other.summaries.trends() == first
        clock.go_on(HOUR)
        later = one.summaries.trends()
        assert held(later)[:-2] == held(first)[2:]
        assert None not in held(later)
    with timed_ledger(Database(url), clock) as again:
        assert again.summaries.trends() == later


def test_what_was_archived_before_there_were_samples_is_not_known(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "YOUNGEST_US", -(10**18))
    clock = FakeClock()
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        clock.go_on(5 * HOUR)
        ledger.release(VM)
        clock.go_on(HOUR)
        monkeypatch.setattr(archive, "keep_series", lambda _database: None)
        assert archive.archive(database, clock.now - 2 * HOUR * 1_000_000, tmp_path, Caller(name="root")) is not None
        found = ledger.summaries.trends()
        assert (held(found)[0], held(found)[-1]) == (None, 0)
        assert (found.damaged, found.complete) == (0, True)
        assert ledger.summaries.trends() == found


def test_nothing_is_said_of_the_time_before_a_damaged_entry(database: Database) -> None:
    """Samples that were made before it stay, and it hides nothing that comes later; also once it is mended."""
    damaged_at = time.time_ns() // 1000
    clock = FakeClock(damaged_at - 4 * HOUR * 1_000_000)
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        clock.go_on(2 * HOUR)
        before = ledger.summaries.trends()
        clock.go_on(2 * HOUR)
        append_entry(database, "SetTraits", "spilled")
        clock.now = time.time_ns() // 1000
        ledger.release(VM)
        clock.go_on(2 * HOUR)
        found = ledger.summaries.trends()
        assert (found.damaged, found.complete) == (1, True)
        assert mend(database, Caller(name="root"), apply=True).change is not None
        clock.go_on(HOUR)
        for trends in (found, ledger.summaries.trends()):
            day, last = trends.day, before.day.begin + DAY_STEPS * DAY_STEP
            for number, amount in enumerate(held(trends)):
                instant = day.begin + number * day.step
                known = instant <= last or instant > damaged_at
                expected = 0 if instant > damaged_at or instant < damaged_at - 4 * HOUR * 1_000_000 else 2
                assert amount == (expected if known else None)


def test_a_long_log_is_read_as_far_as_there_is_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest first, beside what is kept; the rest by a server in the background, which has time."""
    monkeypatch.setattr(usage_series, "PAGE", 1)
    clock = FakeClock()
    with timed_ledger(database, clock) as ledger:
        fill(ledger)
        clock.go_on(HOUR)
        ledger.summaries.trends()
        clock.go_on(2 * HOUR)
        ledger.create_trait("CUSTOM_SLOW")
        clock.go_on(HOUR)
        ledger.release(VM)
        clock.go_on(HOUR)
        with ledger.request("r", deadline=0.0):
            nothing = ledger.summaries.trends()
        assert (held(nothing)[-1], held(nothing)[-9], nothing.complete) == (None, 2, False)
        pages = iter([True, False])
        ledger.summaries.keep_usage(lambda: next(pages))
        with ledger.request("r", deadline=0.0):
            some = ledger.summaries.trends()
        assert (held(some)[-9:], some.complete) == ([2] + [None] * 6 + [0, 0], False)
        ledger.summaries.keep_usage(lambda: True)
        with ledger.request("r", deadline=0.0):
            every = ledger.summaries.trends()
        assert (held(every)[-9:], every.complete) == ([2] * 7 + [0, 0], True)
