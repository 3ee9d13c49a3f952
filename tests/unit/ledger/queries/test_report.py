"""Usage reports: compared with a sum second by second, and what they say of a log that is not whole."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from berth.ledger import Ledger
from berth.ledger.audit import archive, usage_series
from berth.ledger.queries import report as report_query
from berth.ledger.queries import usage_meter
from berth.ledger.queries.usage_meter import UsageMeter
from berth.ledger.request_scope import NeedsTime
from berth.model.caller import Caller
from berth.model.change import CatalogueEntry, Change, Facts, NameKind, ProviderFact
from berth.model.commands import Claim, RenameClass
from berth.model.consumer import Owner, Resources
from berth.model.errors import ClassNotFound, Conflict, Invalid, Refusal, ReportTooLong, Unavailable
from berth.model.inventory import Inventory
from berth.model.report import HOUR_US, ReportBy, UsageReport
from berth.model.term import Span, Term
from berth.store import usage_samples
from berth.store.engine import Database
from tests.support.hold_ledger import BEGIN, FakeClock, timed_ledger

SECOND = 1_000_000
HOSTS = [f"10000000-0000-4000-8000-00000000000{number}" for number in range(3)]
GPUS = [f"20000000-0000-4000-8000-00000000000{number}" for number in range(3)]
JOBS = [f"c0000000-0000-4000-8000-00000000000{number}" for number in range(6)]
ROOM = "CUSTOM_ROOM"

Sums = Counter[tuple[str, str]]
"""Units times microseconds by key and class."""


@dataclass
class _Claim:
    """A claim as rows have it. due: when it counts no more."""

    project: str
    user: str
    held: dict[str, Resources]
    due: float


@dataclass
class _State:
    """All of a small ledger at one time."""

    claims: list[_Claim]
    roots: dict[str, str]
    capacity: dict[str, Resources]


@dataclass
class _History:
    """What the rows of a ledger were, from each instant on."""

    ledger: Ledger
    clock: FakeClock
    states: list[tuple[int, _State]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=lambda: {ROOM: ROOM})

    def note(self) -> None:
        found = [self.ledger.consumer(each.uuid) for each in self.ledger.consumers().items]
        claims = [
            _Claim(each.project, each.user, each.allocations, min(each.end or 1e18, each.deadline or 1e18))
            for each in found
        ]
        uuids = [each.uuid for each in self.ledger.providers()]
        roots = {uuid: self.ledger.provider(uuid).root for uuid in uuids}
        capacity = {
            uuid: {name: each.total for name, each in self.ledger.inventories(uuid).inventories.items()}
            for uuid in uuids
        }
        self.states.append((self.clock.now, _State(claims, roots, capacity)))

    def sums(self, by: ReportBy, since: int, until: int, project: str = "") -> tuple[Sums, Sums]:
        """Return what was held and what there was to claim, added up second by second."""
        held, capacity = Sums(), Sums()
        for now in range(since, until, SECOND):
            state = next((state for at, state in reversed(self.states) if at <= now), _State([], {}, {}))
            for claim in state.claims:
                if claim.due > now and project in ("", claim.project):
                    for provider, resources in claim.held.items():
                        keys = {"project": claim.project, "user": claim.user, "host": state.roots[provider]}
                        for name, amount in resources.items():
                            shown = self.names.get(name, name)
                            held[keys.get(by, shown), shown] += amount * SECOND
            for provider, stock in state.capacity.items():
                key = state.roots[provider] if by is ReportBy.HOST else ""
                for name, amount in stock.items():
                    capacity[key, self.names.get(name, name)] += amount * SECOND
        return held, capacity


def _step(history: _History, chance: random.Random) -> None:
    """Do something at random that may be refused, and go on for some seconds."""
    ledger, job = history.ledger, chance.choice(JOBS)
    terms = [Term(), Term(lasts=chance.randint(1, 30)), Term(confirm_within=chance.randint(1, 20))]
    allocations: dict[str, Resources] = {}
    for gpu in chance.sample(GPUS, chance.randint(1, 2)):
        allocations[gpu] = {"PGPU": chance.randint(1, 3)}
    if chance.random() < 0.5:
        allocations[chance.choice(HOSTS)] = {history.names[ROOM]: chance.randint(1, 5)}
    project, user = chance.choice(["physics", "arts"]), chance.choice(["ada", "bob"])
    claim = Claim(consumer=job, allocations=allocations, project=project, user=user, term=chance.choice(terms))
    steps = [
        *[lambda: ledger.claim(claim)] * 5,
        lambda: ledger.release(job),
        lambda: ledger.holds.confirm(job),
        lambda: ledger.holds.extend(job, chance.randint(5, 25)),
        lambda: ledger.update_provider(chance.choice(GPUS), parent=chance.choice(HOSTS)),
        lambda: ledger.set_inventories(chance.choice(GPUS), {"PGPU": Inventory(chance.randint(1, 8))}),
    ]
    with contextlib.suppress(Refusal):
        chance.choice(steps)()
    history.note()
    history.clock.go_on(chance.randint(0, 9))


@pytest.fixture
def history(database: Database) -> Iterator[_History]:
    """Three hosts with a GPU each."""
    clock = FakeClock()
    with timed_ledger(database, clock) as ledger:
        ledger.create_class(ROOM)
        for number, (host, gpu) in enumerate(zip(HOSTS, GPUS, strict=True)):
            ledger.create_provider(f"host-{number}", uuid=host)
            ledger.create_provider(f"gpu-{number}", uuid=gpu, parent=host)
            ledger.set_inventories(host, {ROOM: Inventory(10)})
            ledger.set_inventories(gpu, {"PGPU": Inventory(4)})
        made = _History(ledger, clock)
        made.note()
        yield made


def _compare(history: _History, report: UsageReport, project: str = "") -> None:
    held, capacity = history.sums(report.by, report.complete_from, report.until, project)
    assert {(row.key, row.resource_class): row.held_us for row in report.rows if row.held_us} == held
    of_class = Sums()
    for (_, name), amount in capacity.items():
        of_class["", name] += amount
    assert {("", each.resource_class): each.capacity_us for each in report.totals} == of_class
    for row in report.rows:
        there_was = capacity[row.key or "", row.resource_class] if report.by is ReportBy.HOST else None
        assert row.capacity_us == (there_was or of_class["", row.resource_class])
        assert row.share == row.held_us / row.capacity_us
        assert row.hours == row.held_us / HOUR_US


@pytest.mark.parametrize("seed", range(2))
def test_a_random_history(
    seed: int, history: _History, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    for number in range(60):
        _step(history, chance)
        if number == 40:
            history.ledger.do(RenameClass(name=ROOM, new_name="CUSTOM_SPACE"))
            history.names[ROOM] = "CUSTOM_SPACE"
            history.note()
    end = history.clock.now
    for since, until in ((BEGIN, end), (BEGIN + 40 * SECOND, end - 20 * SECOND), (end - 30 * SECOND, end + HOUR_US)):
        for by in ReportBy:
            report = history.ledger.report(by, since=since, until=until)
            assert (report.since, report.until, report.complete_from) == (since, min(until, end), since)
            assert report.rows
            _compare(history, report)
    _compare(history, history.ledger.report("user", since=BEGIN, project="arts"), "arts")
    monkeypatch.setattr(archive, "YOUNGEST_US", -(10**18))
    assert archive.archive(database, BEGIN + (end - BEGIN) // 2, tmp_path, Caller(name="root")) is not None
    for by in ReportBy:
        report = history.ledger.report(by, since=BEGIN)
        assert BEGIN < report.complete_from < end
        _compare(history, report)


def _levels(history: _History, instant: int) -> tuple[Sums, Sums]:
    """Return what was held and what could be held of each class at an instant."""
    held, capacity = history.sums(ReportBy.CLASS, instant, instant + SECOND)
    return Sums({name: amount // SECOND for (_, name), amount in held.items()}), Sums(
        {name: amount // SECOND for (_, name), amount in capacity.items()}
    )


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_how_full_it_was(
    seed: int, kept: bool, history: _History, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each instant what the rows said then: out of the whole log, or of samples kept now and then, and archived."""
    for name, value in (("DAY_STEP", 2 * SECOND), ("MONTH_STEP", 6 * SECOND), ("MONTH_STEPS", 40), ("SETTLED_US", 1)):
        monkeypatch.setattr(usage_series, name, value)
    monkeypatch.setattr(archive, "YOUNGEST_US", -(10**18))
    chance = random.Random(seed)
    for number in range(60):
        _step(history, chance)
        if number in (20, 40):
            old, new = history.names[ROOM], f"CUSTOM_SPACE_{number}"
            history.ledger.do(RenameClass(name=old, new_name=new))
            history.names |= {old: new, ROOM: new}
            history.note()
        if kept and chance.random() < 0.3:
            history.ledger.summaries.trends()
        if kept and chance.random() < 0.1:
            archive.archive(database, history.clock.now, tmp_path, Caller(name="root"))
    trends = history.ledger.summaries.trends()
    assert (len(trends.day.classes[0].held), len(trends.month.classes[0].held)) == (49, 41)
    for trend in (trends.day, trends.month):
        assert {each.resource_class for each in trend.classes} == {"PGPU", history.names[ROOM]}
        for each in trend.classes:
            for number, shown in enumerate(zip(each.held, each.capacity, strict=True)):
                held, capacity = _levels(history, trend.begin + number * trend.step)
                assert shown == (held[each.resource_class], capacity[each.resource_class])
    with database.reading() as connection:
        instants = usage_series.day_instants(history.clock.now - 1), usage_series.month_instants(history.clock.now - 1)
        kept_instants = usage_samples.all_samples(connection).keys()
    assert {*instants[0], *instants[1]} <= kept_instants
    assert len(kept_instants) <= 49 + 41
    with timed_ledger(database, history.clock) as again:
        assert again.summaries.trends() == trends


def _claim(history: _History, amount: int, **fields: str) -> None:
    claim = Claim(consumer=JOBS[0], allocations={GPUS[0]: {"PGPU": amount}}, project="physics", user="ada", **fields)
    history.ledger.claim(claim)


def _held(report: UsageReport) -> dict[str | None, int]:
    """Return the unit-seconds of PGPU by key."""
    return {row.key: row.held_us // SECOND for row in report.rows if row.resource_class == "PGPU"}


def test_a_host_that_is_gone_keeps_its_name(history: _History) -> None:
    _claim(history, 2)
    history.clock.go_on(10)
    history.ledger.release(JOBS[0])
    history.ledger.delete_provider(GPUS[0])
    history.clock.go_on(10)
    history.ledger.delete_provider(HOSTS[0])
    report = history.ledger.report(ReportBy.HOST, resource_class="PGPU")
    assert [(row.name, row.key, row.held_us, row.capacity_us) for row in report.rows] == [
        ("host-0", HOSTS[0], 20 * SECOND, 40 * SECOND)
    ]
    assert report.totals[0].capacity_us == 4 * SECOND * (10 + 20 + 20)


def test_entries_without_owners_and_damaged_ones(history: _History, database: Database) -> None:
    _claim(history, 3)
    with database.writing() as connection:
        last = "(SELECT max(number) FROM changes)"
        cut = "substr(facts, 1, instr(facts, ',\"owners\"') - 1) || '}'"
        assert connection.execute(text(f"UPDATE changes SET facts = {cut} WHERE number = {last}")).rowcount == 1
    history.clock.go_on(5)
    history.ledger.set_traits(HOSTS[0], ["HW_CPU_X86_AVX2"])
    number = history.ledger.head()
    with database.writing() as connection:
        connection.execute(text(f"UPDATE changes SET facts = 'nonsense' WHERE number = {number}"))
    history.clock.go_on(5)
    report = history.ledger.report("user")
    assert ([(row.key, row.name) for row in report.rows], report.damaged) == ([(None, "unknown")], [number])
    assert _held(report) == {None: 30}
    assert history.ledger.report("user", project="physics").rows == []


def test_a_log_that_begins_with_a_checkpoint(
    history: _History, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "YOUNGEST_US", -(10**18))
    _claim(history, 2)
    history.clock.go_on(10)
    cut = history.clock.now
    _claim(history, 3)
    history.clock.go_on(10)
    whole = history.ledger.report(since=cut)
    assert archive.archive(database, cut, tmp_path, Caller(name="root")) is not None
    report = history.ledger.report(since=BEGIN)
    assert (report.since, report.complete_from, report.until) == (BEGIN, cut, cut + 10 * SECOND)
    assert (_held(report), report.rows, report.totals) == ({"physics": 30}, whole.rows, whole.totals)
    assert _held(history.ledger.report(since=cut + 5 * SECOND)) == {"physics": 15}
    before = history.ledger.report(since=BEGIN, until=BEGIN + SECOND)
    assert (before.rows, before.complete_from) == ([], before.until)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM checkpoint_pieces"))
    with pytest.raises(Conflict, match="piece of the checkpoint"):
        history.ledger.report()


def test_the_log_is_archived_while_it_is_read(history: _History, monkeypatch: pytest.MonkeyPatch) -> None:
    read, gone = report_query.changes.page, [1]

    def page(*asked: int) -> list[object]:
        return read(*asked)[gone.pop() if gone else 0 :]  # type: ignore[arg-type]

    monkeypatch.setattr(report_query.changes, "page", page)
    history.clock.go_on(1)
    assert history.ledger.report(by=ReportBy.CLASS).totals
    gone += [1, 1, 1]
    with pytest.raises(Unavailable, match="archived while it was read"):
        history.ledger.report()


def test_another_history_takes_the_place_of_the_log(history: _History, monkeypatch: pytest.MonkeyPatch) -> None:
    read = report_query.changes.page

    def page(*asked: int) -> list[Change]:
        history.ledger._writer.history_epoch += 1
        return read(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(report_query.changes, "page", page)
    with pytest.raises(Unavailable):
        history.ledger.report()


def test_a_request_ends_in_time(history: _History) -> None:
    with (
        history.ledger.request("req-1", deadline=-report_query.MOST_S),
        pytest.raises(ReportTooLong, match="14 changes could not be read"),
    ):
        history.ledger.report()
    with history.ledger.request("req-2", deadline=0, long=False), pytest.raises(NeedsTime):
        history.ledger.report()


@pytest.mark.parametrize(
    ("asked", "error", "why"),
    [
        ({"by": "rack"}, Invalid, "by project, user, host, class, not by 'rack'"),
        ({"since": BEGIN + 1}, Invalid, "begins before now"),
        ({"since": 2, "until": 1}, Invalid, "ends after it begins"),
        ({"resource_class": "CUSTOM_NONE"}, ClassNotFound, "CUSTOM_NONE"),
    ],
)
def test_what_is_refused(asked: dict[str, object], error: type[Exception], why: str, history: _History) -> None:
    with pytest.raises(error, match=why):
        history.ledger.report(**asked)  # type: ignore[arg-type]


def test_rows_have_a_bound(history: _History) -> None:
    _claim(history, 1)
    history.clock.go_on(3)
    report = history.ledger.report(by="class", limit=1)
    assert [row.name for row in report.rows] == [ROOM]
    assert (report.left_out, len(report.totals)) == (1, 2)
    assert history.ledger.report(by="class", resource_class="PGPU").rows[0].held_us == 3 * SECOND


def test_a_claim_that_starts_later_counts_from_then_on() -> None:
    meter = UsageMeter(ReportBy.USER, 0, 100)
    claims = {"c": {"p": {"PGPU": 2}}}
    facts = Facts(claims=claims, owners={"c": Owner("physics", "ada", None)}, terms={"c": Span(30, 60)})
    assert meter.enter(Change(1, 10, "SetAllocations", "", "", facts))
    for _ in meter.finish():
        pass
    assert meter.held == {("ada", "PGPU"): 60}


def test_providers_that_are_alike_are_counted_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after their class is called something else, when another one has its old name."""
    monkeypatch.setattr(usage_meter, "AT_ONCE", 2)
    meter, inventories = UsageMeter(ReportBy.PROJECT, 0, 10), {"CUSTOM_A": Inventory(3)}

    def change(number: int, **facts: Any) -> Change:
        return Change(number, number, "Reconcile", "", "", Facts(**facts))

    def made(*uuids: str) -> dict[str, Any]:
        facts = [ProviderFact(1, uuid, uuid, 0, None, uuid, 0, 0) for uuid in uuids]
        return {"providers": facts, "inventories": dict.fromkeys(uuids, inventories)}

    meter.enter(change(1, names=[CatalogueEntry(NameKind.CLASS, 7, "CUSTOM_A", 1)], **made("a", "b", "c")))
    meter.enter(change(2, names=[CatalogueEntry(NameKind.CLASS, 7, "CUSTOM_B", 1)], inventories={"c": {}}))
    meter.enter(change(4, names=[CatalogueEntry(NameKind.CLASS, 8, "CUSTOM_A", 4)], **made("d", "e")))
    steps = sum(1 for _ in meter.finish())
    assert meter.capacity == {("", "CUSTOM_B"): 3 * (9 + 9 + 1), ("", "CUSTOM_A"): 3 * (6 + 6)}
    assert steps <= 6  # three times two providers, and each kind of them
