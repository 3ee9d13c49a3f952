"""A backup has the ledger and the key of its tokens, or there is none of it."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from berth.ledger import open_ledger
from berth.ledger.credentials import key_for
from berth.model.token import TokenSpec
from berth.store import backup as store
from tests.suites.cli.conftest import berth


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def ledger(tmp_path: Path) -> tuple[Path, str]:
    """A ledger with one provider and one token, and the token's text."""
    path = tmp_path / "berth.db"
    with open_ledger(url(path)) as opened:
        opened.create_provider("node-1")
        return path, opened.create_token(TokenSpec(name="ci", roles=("viewer",))).text


def test_a_backup_opens_in_its_place_and_knows_the_tokens(ledger: tuple[Path, str], tmp_path: Path) -> None:
    path, text = ledger
    target = tmp_path / "backup.db"
    with open_ledger(url(path)) as serving:  # while it is open, with commits in the write-ahead log
        serving.create_provider("node-2")
        said = berth("backup", str(target), "--database", url(path))
        head = serving.head()
    assert (said.status, said.err) == (0, "")
    assert f"up to change {head}" in said.out
    with open_ledger(url(target)) as copy:
        assert sorted(each.name for each in copy.providers()) == ["node-1", "node-2"]
        number = text.split("_")[1]
        token = copy.token(number)
        assert token is not None
        assert key_for(url(target)).hash(text) == token.hash
    for each in (target, tmp_path / "backup.db.key"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_before_the_first_token_there_is_no_key(tmp_path: Path) -> None:
    with open_ledger(url(tmp_path / "berth.db")) as opened:
        opened.create_provider("node-1")
    said = berth("backup", str(tmp_path / "backup.db"), "--database", url(tmp_path / "berth.db"))
    assert (said.status, "no token was ever created" in said.out) == (0, True)
    assert not (tmp_path / "backup.db.key").exists()


def test_a_key_elsewhere_is_copied_too(ledger: tuple[Path, str], tmp_path: Path) -> None:
    path, _ = ledger
    secret = shutil.move(path.with_name("berth.db.key"), tmp_path / "secret")
    said = berth("backup", str(tmp_path / "b.db"), "--database", url(path), "--secret-file", str(secret))
    assert said.status == 0
    assert (tmp_path / "b.db.key").read_bytes() == Path(secret).read_bytes()


@pytest.mark.parametrize("there", ["backup.db", "backup.db.key"])
def test_nothing_is_replaced(ledger: tuple[Path, str], tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    said = berth("backup", str(tmp_path / "backup.db"), "--database", url(ledger[0]))
    assert (said.status, f"{there} exists already" in said.err) == (2, True)
    assert sorted(each.name for each in tmp_path.glob("backup*")) == [there]
    assert (tmp_path / there).read_text() == "precious"


def test_no_ledger_is_made(tmp_path: Path) -> None:
    said = berth("backup", str(tmp_path / "backup.db"), "--database", url(tmp_path / "none.db"))
    assert (said.status, "there is no ledger at" in said.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_leaves_nothing(ledger: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_vacuum", full)
    said = berth("backup", str(tmp_path / "backup.db"), "--database", url(ledger[0]))
    assert (said.status, "No space left on device" in said.err) == (2, True)
    assert list(tmp_path.glob("backup*")) == []
    said = berth("backup", str(tmp_path / "nowhere/backup.db"), "--database", url(ledger[0]))
    assert (said.status, "cannot be" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("address", "command"),
    [
        (
            "postgresql://berth@db.example.com:5433/ledger",
            "pg_dump --format=custom --file=b.db --host=db.example.com --port=5433 --username=berth ledger",
        ),
        (
            "mariadb://berth@db.example.com/ledger",
            "mariadb-dump --single-transaction --result-file=b.db --host=db.example.com --user=berth ledger",
        ),
    ],
)
def test_a_server_has_a_program_of_its_own(address: str, command: str) -> None:
    """It is not asked: the sentence needs no server."""
    said = berth("backup", "b.db", "--database", address, "--secret-file", "/etc/berth/secret")
    assert (said.status, said.out) == (2, "")
    assert f"{command} and keep a copy of /etc/berth/secret" in said.err
