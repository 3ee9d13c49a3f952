"""`berth audit archive` on each database: killed before any step, and beside others who write."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from berth.cli.main import app
from berth.ledger import open_ledger
from berth.ledger.audit import archive, chain
from berth.ledger.audit.archive_file import verify_archives
from berth.ledger.verify import verify
from berth.model.caller import Caller
from berth.store import head
from berth.store.engine import Database
from tests.support.archive_steps import STEPS, break_off
from tests.support.databases import runs_whole
from tests.support.filled_ledger import VM, fill

ADMIN = Caller(name="root", via="local")
EVER = 2**62
LATE_STEPS = ("the file is renamed", "the file is sealed", "changes are deleted")


@pytest.fixture
def filled(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a small ledger, all of whose records may leave."""
    monkeypatch.setattr(archive, "YOUNGEST_US", 0)
    with open_ledger(ledger_url) as ledger:
        fill(ledger)
        ledger.release(VM)
    return ledger_url


def run_until(url: str, file: Path, step: str) -> None:
    """Archive, in a process of its own, which is killed before a step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "YOUNGEST_US", 0)
        patch.setattr(archive, "FIRST_SLICE", 3)
        break_off(patch, step, lambda: os.kill(os.getpid(), signal.SIGKILL))
        archive.archive(Database(url), EVER, file, ADMIN)


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed(filled: str, database_kind: str, tmp_path: Path, step: str) -> None:
    if step not in LATE_STEPS and not runs_whole(database_kind):
        pytest.skip("runs as a whole on another database")
    file = tmp_path / "old.jsonl"
    process = multiprocessing.get_context("spawn").Process(target=run_until, args=(filled, file, step))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    database = Database(filled)
    for _ in range(2):
        assert verify(database).findings == ()
        assert chain.verify(database).findings == ()
        moved = archive.archive(database, EVER, file, ADMIN)
    assert moved == (file, 1, 15)
    assert verify_archives([file], database).findings == ()
    assert [each.name for each in tmp_path.glob("old*")] == ["old.jsonl"]
    database.close()


def test_the_file_is_written_while_others_hold_the_head(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is locked until the file is complete."""
    other, database, file = Database(filled), Database(filled), tmp_path / "old.jsonl"

    def complete(*_values: object) -> None:
        assert file.exists()
        raise InterruptedError

    monkeypatch.setattr(archive, "_seal", complete)
    with other.writing() as connection:
        head.lock(connection, other.capabilities)
        with pytest.raises(InterruptedError):
            archive.archive(database, EVER, file, ADMIN)
    other.close()
    database.close()


def test_on_the_command_line(filled: str, tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert "there is no archive" in berth(1, "verify", "--archive", folder)
    first, second = f"{folder}/audit-000000000001.jsonl", f"{folder}/audit-000000000016.jsonl"
    assert berth(0, "archive", first, "--before", "500d", "--database", filled) == "there are no records that old\n"
    printed = f"records 1 to 15 and their changes are in {first}, and no longer in the database\n"
    assert berth(0, "archive", folder, "--before", "0s", "--database", filled) == printed
    assert berth(0, "archive", first, "--before", "0s", "--database", filled) == printed
    assert second in berth(0, "archive", folder, "--before", "0s", "--database", filled)
    assert berth(0, "verify", "--archive", folder, "--with-database", "--database", filled).startswith(
        "records 1 to 19"
    )
    whole = "--archive", first, "--archive", second, "--with-database", "--database", filled
    assert berth(0, "verify", *whole).startswith("records 1 to 19 are intact; seal 19:")
    assert berth(0, "verify", *whole[:4]).startswith("records 1 to 17 are intact; seal 17:")
    assert "record 1 stands where record 18 is due" in berth(1, "verify", "--archive", second, "--archive", first)
    assert "No such file" in berth(2, "verify", "--archive", f"{first}.none")


def berth(status: int, *words: str) -> str:
    """Run `berth audit` in this process, and return what it prints."""
    done = CliRunner().invoke(app, ["audit", *words])
    assert done.exit_code == status, done.output
    return done.output
