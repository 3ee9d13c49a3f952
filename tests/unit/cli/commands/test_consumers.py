"""`berth consumers --state` and `--due`, and what `berth show` says of claims that end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from berth import Claim, Term
from berth.cli.main import app
from berth.ledger import Ledger, open_ledger
from berth.model.inventory import Inventory
from tests.support.hold_ledger import FakeClock

HOST = "10000000-0000-4000-8000-000000000001"
EVER, HOLD, WEEK = (f"c0000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A claim for ever, a hold, and a claim for a week."""
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("gpu01", uuid=HOST)
        ledger.set_inventories(HOST, {"PGPU": Inventory(8)})
        for consumer, term in (
            (EVER, Term()),
            (HOLD, Term(confirm_within=7000)),
            (WEEK, Term(lasts=7 * 86_400 - 1800)),
        ):
            held = {HOST: {"PGPU": 1}}
            ledger.claim(Claim(consumer=consumer, allocations=held, project="lab", user="eva", term=term))
        yield ledger


def run(tmp_path: Path, *words: str) -> Result:
    command = [*words, "--database", f"sqlite:///{tmp_path}/berth.db"]
    return CliRunner().invoke(app, command, env={"COLUMNS": "160"})


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), [EVER, HOLD, WEEK]),
        (("--state", "pending"), [HOLD]),
        (("--state", "confirmed"), [EVER, WEEK]),
        (("--due", "2h"), [HOLD]),
        (("--due", "2w"), [HOLD, WEEK]),
        (("--state", "confirmed", "--due", "2w"), [WEEK]),
    ],
)
def test_lists(options: tuple[str, ...], found: list[str], tmp_path: Path) -> None:
    items = json.loads(run(tmp_path, "consumers", *options, "--json").stdout)
    assert [each["uuid"] for each in items] == found
    lines = run(tmp_path, "consumers", *options).stdout.splitlines()
    left = {EVER: "", HOLD: "1h 56m (pending)", WEEK: "6d 23h"}
    for line, uuid in zip(lines[1:], found, strict=True):
        assert line.rstrip().removesuffix(uuid).rstrip().endswith(left[uuid])


@pytest.mark.usefixtures("ledger")
def test_no_such_consumer_and_no_such_filter(tmp_path: Path) -> None:
    assert run(tmp_path, "consumers", "--due", "1s").stderr == "no consumer matches\n"
    assert run(tmp_path, "consumers", "--state", "ahead").exit_code == 2
    assert run(tmp_path, "consumers", "--due", "soon").exit_code == 2


def test_one_says_when_it_ends_and_then_that_it_did(ledger: Ledger, tmp_path: Path) -> None:
    assert "UTC, in 6d 23h\n" in run(tmp_path, "show", WEEK).stdout
    assert f"UTC, in 1h 56m, unless you confirm it: berth confirm {HOLD}\n" in run(tmp_path, "show", HOLD).stdout
    assert json.loads(run(tmp_path, "show", HOLD, "--json").stdout)["consumer"]["state"] == "pending"
    assert "6d 23h" in run(tmp_path, "show", "gpu01").stdout  # among its holders
    ledger._writer.time.use(FakeClock(ledger._writer.time.known + 8000 * 1_000_000))
    ledger.release(EVER)  # with which what lapsed is swept
    assert "its hold lapsed at 20" in run(tmp_path, "show", HOLD).stdout
    shown = json.loads(run(tmp_path, "show", HOLD, "--json").stdout)
    assert shown["ended"]["claim"]["why"] == "lapsed"
