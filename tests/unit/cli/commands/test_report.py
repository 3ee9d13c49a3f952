"""`berth report`: as text, CSV and JSON, and what it says of what it cannot know."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from berth.cli.commands.report import _notes
from berth.cli.main import app
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from berth.model.report import HOUR_US, ReportBy, UsageReport
from berth.store.engine import Database
from tests.support.hold_ledger import BEGIN, FakeClock, timed_ledger

HOST = "10000000-0000-4000-8000-000000000001"
JOBS = [f"c0000000-0000-4000-8000-00000000000{number}" for number in (1, 2)]
Run = Callable[..., Result]

SPAN = ("--since", "2029-01-01", "--until", "2031-01-01")


@pytest.fixture
def run(database: Database) -> Run:
    """Eight GPUs for ten hours: ada has had two for five hours, bob one for all of them."""
    clock = FakeClock(BEGIN - 10 * HOUR_US)
    with timed_ledger(database, clock) as ledger:
        ledger.create_provider("gpu01", uuid=HOST)
        ledger.set_inventories(HOST, {"PGPU": Inventory(8)})
        for job, user, amount in zip(JOBS, ("ada", "bob"), (2, 1), strict=True):
            held = {HOST: {"PGPU": amount}}
            ledger.claim(Claim(consumer=job, allocations=held, project="students", user=user))
        clock.go_on(5 * 3600)
        ledger.release(JOBS[0])
        clock.go_on(5 * 3600)
        ledger.release(JOBS[1])
    return lambda *words: CliRunner().invoke(
        app, ["report", *words, "--database", str(database.url)], env={"COLUMNS": "100"}
    )


def test_who_had_the_gpus(run: Run) -> None:
    done = run("--by", "user", *SPAN)
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["USER", "CLASS", "HOURS", "USED", "CAPACITY", "HOURS"],
        ["ada", "PGPU", "10.0", "██░░░░░░░░░░", "12", "%", "80.0"],
        ["bob", "PGPU", "10.0", "██░░░░░░░░░░", "12", "%", "80.0"],
        ["PGPU", "in", "total:", "20.0", "of", "80.0", "hours,", "25", "%"],
    ]
    assert done.stderr == "2029-01-01 00:00:00 to 2030-03-17 17:46:40 UTC\n"
    half = ("--since", "2030-03-17T12:46:40", "--until", "2031-01-01")
    assert run("--by", "host", *half).stdout.splitlines()[1].split()[:3] == ["gpu01", "PGPU", "5.0"]


def test_programs(run: Run) -> None:
    assert run("--csv", *SPAN).stdout.splitlines() == [
        "key,name,class,hours,capacity_hours,share,held_us",
        "students,students,PGPU,20.0,80.0,0.25,72000000000",
    ]
    shown = json.loads(run("--json", "--by", "class", "--class", "PGPU", "--project", "students", *SPAN).stdout)
    assert (shown["by"], shown["rows"][0]["held_us"], shown["totals"][0]["share"]) == ("class", 20 * HOUR_US, 0.25)


def test_nothing_and_what_is_refused(run: Run) -> None:
    nothing = run("--project", "none", *SPAN)
    assert (nothing.stdout, "UTC: nothing was held" in nothing.stderr, nothing.exit_code) == ("", True, 0)
    unknown = run("--class", "PGPUS", *SPAN)
    assert (unknown.exit_code, "did you mean PGPU" in unknown.stderr) == (1, True)
    assert run("--by", "rack").exit_code == 2


def test_what_a_report_cannot_know() -> None:
    found = UsageReport(
        by=ReportBy.USER, since=0, until=9 * HOUR_US, complete_from=HOUR_US, rows=[], totals=[], left_out=3, damaged=[7]
    )
    assert list(_notes(found))[1:] == [
        "incomplete: the change log begins at 1970-01-01 01:00:00 UTC",
        "3 more rows are not shown (--limit)",
        "amounts may be wrong: 1 entry of the change log cannot be read (`berth db verify`)",
    ]
