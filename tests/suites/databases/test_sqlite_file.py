"""What may be wrong with SQLite's file: one clear sentence, exit status 2, and nothing is changed."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from berth.model.errors import DatabaseUnusable
from berth.store import head
from berth.store.engine import Database
from berth.store.watch import FileWatch
from tests.support.commands import berth_command, run_berth
from tests.support.ports import free_port


@dataclass(frozen=True, slots=True)
class Fault:
    """prepare: puts the database into its state, and returns its path; said: what must be said of it."""

    prepare: Callable[[Path], Path]
    said: str
    before: Callable[[], None] | None = None
    words: tuple[str, ...] = ()


def _sound(folder: Path) -> Path:
    path = folder / "berth.db"
    run_berth("db", "upgrade", "--database", f"sqlite:///{path}")
    return path


def _of_the_future(folder: Path) -> Path:
    path = _sound(folder)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    return path


def _text(folder: Path) -> Path:
    path = folder / "berth.db"
    path.write_text("This is not a database, however long one looks at it.\n" * 100)
    return path


def _damaged(folder: Path) -> Path:
    path = _sound(folder)
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    return path


def _of_another_program(folder: Path) -> Path:
    path = folder / "berth.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE names (name TEXT)")
    connection.close()
    return path


def _read_only(folder: Path) -> Path:
    path = _sound(folder)
    path.chmod(0o444)
    folder.chmod(0o555)
    return path


def _read_only_folder(folder: Path) -> Path:
    folder.chmod(0o555)
    return folder / "berth.db"


def _small_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""Root may write anywhere: not without this."""

FAULTS = {
    "newer": Fault(_of_the_future, "was made by a newer Berth (revision 9999"),
    "text": Fault(_text, "is not a database"),
    "damaged": Fault(_damaged, "is damaged"),
    "another's": Fault(_of_another_program, "has tables of the same names (names)"),
    "missing folder": Fault(lambda folder: folder / "nowhere" / "berth.db", "does its folder exist"),
    "a folder": Fault(lambda folder: folder, "cannot be opened or created"),
    "read-only": Fault(_read_only, "is read-only for this user", words=UNPRIVILEGED),
    "read-only folder": Fault(_read_only_folder, "cannot be opened or created", words=UNPRIVILEGED),
    "full disk": Fault(lambda folder: folder / "berth.db", "full", before=_small_disk),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    if fault.words and shutil.which(fault.words[0]) is None:
        pytest.skip(f"root may write anywhere, and there is no {fault.words[0]}")
    folder = tmp_path / "data"
    folder.mkdir()
    path = fault.prepare(folder)
    before = _contents(folder)
    done = subprocess.run(
        [*fault.words, *berth_command(), "serve", "--port", str(free_port()), "--database", f"sqlite:///{path}"],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=fault.before,
        check=False,
    )
    folder.chmod(0o755)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("berth: ")
    assert fault.said in done.stderr
    if name != "full disk":  # there, what was begun stands beside the file until it is opened next
        assert _contents(folder) == before


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(("-shm", "-wal"))}


def test_a_folder_that_is_gone_for_a_while(tmp_path: Path) -> None:
    """A watch also reports what is wrong with the file, and recovers."""
    folder, elsewhere = tmp_path / "here", tmp_path / "there"
    folder.mkdir()
    database = Database(f"sqlite:///{_sound(folder)}")
    watch = FileWatch(database)
    folder.rename(elsewhere)
    with pytest.raises(DatabaseUnusable, match="does its folder exist"):
        watch.latest()
    elsewhere.rename(folder)
    with database.reading() as connection:
        assert watch.latest() == head.read(connection)
    watch.close()
    database.close()


def test_a_disk_that_was_full_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "berth.db"
    words = [*berth_command(), "db", "upgrade", "--database", f"sqlite:///{path}"]
    full = subprocess.run(words, capture_output=True, timeout=120, preexec_fn=_small_disk, check=False)
    assert full.returncode == 2
    run_berth("db", "upgrade", "--database", f"sqlite:///{path}")
    assert "all agree" in run_berth("db", "verify", "--database", f"sqlite:///{path}").stdout
