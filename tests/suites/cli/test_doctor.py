"""`berth doctor` on ledgers in which one thing is wrong: it is named, with what to do; and nothing is changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from berth import TokenSpec, __version__
from berth.cli import diagnosis
from berth.ledger import open_ledger
from tests.suites.cli.conftest import TOKEN, Fleet, Said, berth

NO_SETTINGS: Final[Mapping[str, str]] = {}
HOUR_US: Final = 3600 * 1_000_000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which nothing is wrong, with a used token's key beside it."""
    folder = tmp_path_factory.mktemp("whole")
    with open_ledger(f"sqlite:///{folder}/berth.db") as ledger:
        ledger.create_provider("node-1")
        ledger.create_token(TokenSpec(name="ci", roles=("viewer",)))
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "copy")


def examined(folder: Path, *words: str, env: Mapping[str, str] = NO_SETTINGS) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the status and the findings by what was looked at."""
    said = berth("doctor", "--json", "--database", f"sqlite:///{folder}/berth.db", *words, env=env)
    return said.status, {each["check"]: each for each in json.loads(said.out)}


def written(statement: str, *values: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        with sqlite3.connect(folder / "berth.db") as connection:
            connection.execute(statement, values)
        connection.close()

    return write


def other_rights(folder: Path) -> None:
    (folder / "berth.db.key").chmod(0o644)


def no_ledger(folder: Path) -> None:
    (folder / "berth.db").unlink()


WEEKS_AGO = (time.time_ns() // 1000) - 30 * 24 * HOUR_US
AHEAD = time.time_ns() // 1000 + 24 * HOUR_US
WRONG: Final[dict[str, tuple[Callable[[Path], object], str, str, str]]] = {
    "rights of the key": (other_rights, "key", "chmod 600", "no token is accepted"),
    "no ledger": (no_ledger, "database", "there is no ledger", "berth import"),
    "no database": (
        lambda folder: (folder / "berth.db").write_bytes(b"x" * 4096), "database", "not a database", "address"),
    "an old revision": (
        written("UPDATE alembic_version SET version_num = '0006'"), "database", "revision 0006", "db upgrade"),
    "a record that was altered": (
        written("UPDATE audit SET actor = 'mallory' WHERE number = 2"), "records", "record 2", "audit verify"),
    "a record that is missing": (
        written("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)"),
        "records", "missing", "audit verify"),
    "a change that cannot be read": (
        written("UPDATE changes SET facts = '{' WHERE number = 2"), "records", "cannot be read: 2", "db mend"),
    "a commit of tomorrow": (
        written("UPDATE head SET at = ?", AHEAD), "clock", "ahead of this machine's clock", "chrony"),
}  # fmt: skip


def test_nothing_is_wrong(folder: Path) -> None:
    before = (folder / "berth.db").read_bytes()
    status, found = examined(folder)
    assert (status, {each["state"] for each in found.values()}) == (0, {"ok"})
    assert set(found) == {"settings", "database", "key", "disk", "clock", "records", "tokens"}
    assert (folder / "berth.db").read_bytes() == before
    said: Said = berth("doctor", "--database", f"sqlite:///{folder}/berth.db")
    assert [line.split()[0] for line in said.out.splitlines()] == ["ok"] * 7


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case: str, folder: Path) -> None:
    spoil, check, found, advice = WRONG[case]
    spoil(folder)
    status, findings = examined(folder)
    assert (status, findings[check]["state"]) == (1, "wrong"), findings
    assert found in findings[check]["found"]
    assert advice in findings[check]["advice"]


def test_tokens_that_nobody_uses(folder: Path) -> None:
    written("UPDATE tokens SET created_at = ?", WEEKS_AGO)(folder)
    status, found = examined(folder)
    assert (status, found["tokens"]["state"], "ci" in found["tokens"]["found"]) == (0, "note", True)


@pytest.mark.parametrize(("free", "least", "state"), [(2**40, 1, "ok"), (10, 1, "note"), (10, 11, "wrong")])
def test_room_on_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch, free: int, least: int, state: str) -> None:
    """In bytes: 10 are less than the ledger has."""
    monkeypatch.setattr(diagnosis, "LEAST_FREE", least)
    monkeypatch.setattr(diagnosis.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    status, found = examined(folder)
    assert (status, found["disk"]["state"]) == (int(state == "wrong"), state)


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"BERTH_PORT": "many"}, "port is invalid"),
        ({"BERTH_AUTH": "magic"}, "no authentication 'magic'"),
        ({"BERTH_POLICY_FILE": "/nonexistent"}, "cannot be read"),
    ],
)
def test_settings(folder: Path, env: dict[str, str], why: str) -> None:
    status, found = examined(folder, env=env)
    assert (status, found["settings"]["state"], why in found["settings"]["found"]) == (1, "wrong", True)


def test_a_database_behind_a_network_that_does_not_answer() -> None:
    said = berth("doctor", "--json", "--database", "postgresql://x@127.0.0.1:1/y")
    found = {each["check"]: each for each in json.loads(said.out)}
    assert (said.status, found["database"]["state"]) == (1, "wrong")
    assert "did not answer" in found["database"]["found"]


def test_a_server(fleet: Fleet, folder: Path) -> None:
    status, found = examined(folder, *fleet.there, env=TOKEN)
    assert (status, __version__ in found["server"]["found"], "admin" in found["token"]["found"]) == (0, True, True)
    status, found = examined(folder, "--url", "http://127.0.0.1:9", env=TOKEN)
    assert (status, found["server"]["state"], "token" in found) == (1, "wrong", False)
