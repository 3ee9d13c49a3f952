"""`berth claim --for`, `hold`, `confirm`, `extend` and `agenda`, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from berth.cli.main import app
from berth.ledger import Ledger, open_ledger
from berth.model.inventory import Inventory

HOST = "10000000-0000-4000-8000-000000000001"
ONE, TWO = (f"c0000000-0000-4000-8000-00000000000{number}" for number in (1, 2))
DAY = 24 * 3600


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A host with 8 GPUs."""
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("gpu01", uuid=HOST)
        ledger.set_inventories(HOST, {"PGPU": Inventory(8)})
        yield ledger


def run(tmp_path: Path, *words: str) -> Result:
    command = [*words, "--database", f"sqlite:///{tmp_path}/berth.db"]
    return CliRunner().invoke(app, command, env={"COLUMNS": "160"})


def test_a_claim_ends(ledger: Ledger, tmp_path: Path) -> None:
    done = run(tmp_path, "claim", "PGPU=2", "--for", "7d", "--project", "students", "--consumer", ONE)
    assert "it ends at" in done.stdout
    claimed = ledger.consumer(ONE)
    assert claimed.start is not None
    assert claimed.end == claimed.start + 7 * DAY * 1_000_000
    done = run(
        tmp_path, "claim", "PGPU=1", "--until", "2100-01-01", "--on", "gpu01", "--project", "p", "--consumer", TWO
    )
    assert ledger.consumer(TWO).end == 4_102_444_800_000_000
    shown = run(tmp_path, "show", TWO).stdout
    assert "it ends at 2100-01-01 00:00:00 UTC" in shown
    assert "pending" not in shown


def test_a_hold_is_extended_and_confirmed_in_part(ledger: Ledger, tmp_path: Path) -> None:
    held = run(tmp_path, "hold", "PGPU=3", "--within", "2h", "--project", "lab", "--consumer", ONE)
    assert f"unless you confirm it: berth confirm {ONE}" in held.stdout
    assert "pending: it lapses at" in run(tmp_path, "show", ONE).stdout
    before = ledger.consumer(ONE).deadline
    extended = run(tmp_path, "extend", ONE, "--for", "5h", "--json")
    assert json.loads(extended.stdout)["deadline"] == ledger.consumer(ONE).deadline
    assert before is not None
    assert (ledger.consumer(ONE).deadline or 0) > before
    confirmed = run(tmp_path, "confirm", ONE, "--only", "gpu01:PGPU=1")
    assert confirmed.stdout.startswith(f"confirmed: consumer {ONE} holds\n")
    assert ledger.consumer(ONE).resources == {"PGPU": 1}
    assert ledger.consumer(ONE).deadline is None
    assert run(tmp_path, "confirm", ONE).exit_code == 0  # once more


def test_the_agenda(ledger: Ledger, tmp_path: Path) -> None:
    assert run(tmp_path, "agenda").stderr == "no claim has an end\n"
    run(tmp_path, "claim", "PGPU=2", "--for", "7d", "--project", "students", "--user", "ada", "--consumer", ONE)
    run(tmp_path, "hold", "PGPU=1", "--within", "1h", "--project", "lab", "--user", "eva", "--consumer", TWO)
    lines = run(tmp_path, "agenda").stdout.splitlines()
    assert lines[1].startswith(("1h ", "59m "))
    assert lines[2].startswith(("6d 23h ", "7d "))
    assert "lapses  lab       eva   1 PGPU of gpu01" in lines[1]
    assert "ends    students  ada   2 PGPU of gpu01" in lines[2]
    assert TWO in run(tmp_path, "agenda", "--within", "1d").stdout
    assert ONE not in run(tmp_path, "agenda", "--within", "1d").stdout
    items = json.loads(run(tmp_path, "agenda", "--project", "students", "--json").stdout)
    assert [(each["consumer"], each["event"]) for each in items] == [(ONE, "ends")]
    assert "1 of 2 claims shown" in run(tmp_path, "agenda", "--limit", "1").stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["claim", "PGPU=1", "--project", "p", "--for", "7d", "--until", "2100-01-01"], 2, "give one"),
        (["claim", "PGPU=1", "--project", "p", "--for", "soon"], 2, "is not a duration"),
        (["claim", "PGPU=1", "--project", "p", "--until", "7d"], 2, "is not a date or time: write 2027-05-01"),
        (["claim", "PGPU=1", "--project", "p", "--until", "2001-01-01"], 2, "the end of a claim must be in the future"),
        (["hold", "PGPU=1", "--project", "p", "--within", "2d"], 2, "86,400"),
        (["hold", "PGPU=1"], 2, "no project given"),
        (["hold", "PGPU=9", "--project", "p"], 1, "PGPU"),
        (["confirm", ONE], 1, ONE),
        (["confirm", ONE, "--only", "PGPU=1"], 2, "names no provider"),
        (["extend", ONE], 1, ONE),
        (["extend", "nonsense"], 2, "nonsense"),
    ],
)
def test_what_is_refused_changes_nothing(
    words: list[str], status: int, said: str, ledger: Ledger, tmp_path: Path
) -> None:
    head = ledger.head()
    done = run(tmp_path, *words)
    output = done.stdout + done.stderr + str(done.exception or "")
    assert said in " ".join(output.split())
    assert done.exit_code in (status, 1)
    assert ledger.head() == head
