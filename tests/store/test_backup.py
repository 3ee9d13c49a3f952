"""Backup and restore as docs/databases.md says, while the ledger is being written to."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, make_url

from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from berth.store import migrate
from berth.store.engine import Database
from tests.store.databases import empty_database
from tests.store.filled import POOL, fill
from tests.torture.servers import berth


def _connect(url: URL) -> list[str]:
    usual, user = {"postgresql": (5432, "username"), "mariadb": (3306, "user")}[url.get_backend_name()]
    return [f"--host={url.host}", f"--port={url.port or usual}", f"--{user}={url.username}"]


def _run(url: URL, *command: str, stdin: Path | None = None) -> None:
    password = {"PGPASSWORD": url.password, "MYSQL_PWD": url.password} if url.password else {}
    with (stdin or Path(os.devnull)).open("rb") as source:
        done = subprocess.run(
            command, stdin=source, capture_output=True, timeout=120, check=False, env={**os.environ, **password}
        )
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def _backup(source: str, kept: Path) -> None:
    url = make_url(source)
    kind = url.get_backend_name()
    name = str(url.database)
    if kind == "sqlite":
        _run(url, "python3", "-c", f"import sqlite3; sqlite3.connect('{name}').execute(\"VACUUM INTO '{kept}'\")")
    elif kind == "postgresql":
        _run(url, "pg_dump", *_connect(url), "--format=custom", f"--file={kept}", name)
    else:
        dump = ("mariadb-dump", *_connect(url), "--single-transaction", f"--result-file={kept}", name)
        _run(url, *dump)


def _restore(kept: Path, target: str) -> None:
    url = make_url(target)
    kind = url.get_backend_name()
    name = str(url.database)
    if kind == "sqlite":
        shutil.copy(kept, name)
    elif kind == "postgresql":
        _run(url, "pg_restore", *_connect(url), "--exit-on-error", f"--dbname={name}", str(kept))
    else:
        _run(url, "mariadb", *_connect(url), name, stdin=kept)


class _Writer(threading.Thread):
    """Claims, one consumer after the other, and remembers which were acknowledged."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.stop, self.claimed = url, threading.Event(), list[str]()

    def run(self) -> None:
        with open_ledger(self.url) as ledger:
            while not self.stop.is_set():
                consumer = str(uuid4())
                claim = Claim(consumer=consumer, allocations={POOL: {"DISK_GB": 1}}, project="p", user="u")
                ledger.claim(claim)
                self.claimed.append(consumer)


def test_a_backup_under_load_is_whole(kind: str, url: str, tmp_path: Path) -> None:
    _need_tools(kind)
    database = Database(url)
    migrate.upgrade(database)
    database.close()
    with open_ledger(url) as ledger:
        fill(ledger)
        ledger.set_inventories(POOL, {"DISK_GB": Inventory(total=100_000)})
    writer = _Writer(url)
    writer.start()
    while len(writer.claimed) < 20:
        assert writer.is_alive()
    acknowledged = list(writer.claimed)
    _backup(url, tmp_path / "backup")
    writer.stop.set()
    writer.join(60)
    with empty_database(kind, tmp_path) as elsewhere:
        _restore(tmp_path / "backup", elsewhere)
        assert "all agree" in berth("db", "verify", "--database", elsewhere).stdout
        with open_ledger(elsewhere) as restored:
            _check(restored, acknowledged)


def _check(restored: Ledger, acknowledged: list[str]) -> None:
    """All that was acknowledged before the backup began is in it, and the restored ledger can be written to."""
    assert [consumer for consumer in acknowledged if restored.allocations(consumer) is None] == []
    restored.release(acknowledged[0])
    assert restored.allocations(acknowledged[0]) is None


def _need_tools(kind: str) -> None:
    tools = {"postgresql": ("pg_dump", "pg_restore"), "mariadb": ("mariadb-dump", "mariadb")}.get(kind, ())
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        why = f"{', '.join(missing)} not installed"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
