"""Backup and restore by the commands of docs/databases.md, while the ledger is being written to."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import make_url, text

from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from berth.model.token import TokenSpec
from tests.support.commands import berth_command
from tests.support.databases import admin_connection, ledger_database, server_url
from tests.support.filled_ledger import POOL, fill
from tests.support.prerequisites import skip_or_fail

PAGE = Path(__file__).parents[3] / "docs" / "databases.md"
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}


def _commands(kind: str) -> list[str]:
    """What the page tells a person to type: first the backup, then what restores it, and a check at the end."""
    section = PAGE.read_text(encoding="utf-8").partition("## Backup and restore")[2].partition("\n## ")[0]
    block = section.partition(f"\n{TITLES[kind]}:\n\n```console\n")[2].partition("```")[0]
    typed = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    assert len(typed) >= 3, f"the page has no commands for {TITLES[kind]}"
    assert typed[-1].startswith("berth db verify")
    return typed


class _Person:
    """Types what the page says, in a folder, with this database instead of the page's."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = make_url(url), folder
        kind = self.url.get_backend_name()
        self.restored = url if kind == "sqlite" else f"{url}_restored"
        name = str(self.url.database)
        self._instead = {
            r"\S+://berth_owner@\S+": self.restored,
            r"\bberth_restored\b": f"{name}_restored",
            r"\bberth_owner\b": str(self.url.username),
            r"(?<=\s)berth$": name,
        }
        client = {
            "host": self.url.host,
            "port": self.url.port,
            "user": self.url.username,
            "password": self.url.password,
        }
        given = {key: value for key, value in client.items() if value is not None}
        self._env = {**os.environ, "HOME": str(folder), **{f"PG{key.upper()}": str(given[key]) for key in given}}
        (folder / ".my.cnf").write_text("[client]\n" + "".join(f"{key}={value}\n" for key, value in given.items()))

    def types(self, command: str) -> str:
        """One command, to its end; returns what it printed."""
        for words, instead in self._instead.items() if self.url.get_backend_name() != "sqlite" else ():
            command = re.sub(words, instead, command)
        script = f'berth() {{ {shlex.join(berth_command())} "$@"; }}\n{command}'
        done = subprocess.run(
            ["bash", "-ec", script],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            env=self._env,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout


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


def test_a_backup_under_load_is_whole(kind: str, tmp_path: Path) -> None:
    _need_tools(kind)
    backup, *restore = _commands(kind)
    with _source(kind, tmp_path) as url:
        with open_ledger(url) as ledger:
            fill(ledger)
            ledger.set_inventories(POOL, {"DISK_GB": Inventory(total=100_000)})
            if kind == "sqlite":  # only then is there a key
                ledger.create_token(TokenSpec(name="ci", roles=("viewer",)))
        person = _Person(url, tmp_path)
        with _writing(url) as writer:
            acknowledged = list(writer.claimed)
            person.types(backup)
        with _dropped(kind, person.restored):
            *_, verified = [person.types(command) for command in restore]
            assert "all agree" in verified
            with open_ledger(person.restored) as restored:
                _check(restored, acknowledged)


@contextmanager
def _source(kind: str, folder: Path) -> Iterator[str]:
    """An empty ledger; the page's SQLite file is berth.db in the folder where one is."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/berth.db"
    else:
        with ledger_database(kind, folder) as url:
            yield url


@contextmanager
def _writing(url: str) -> Iterator[_Writer]:
    """Somebody who claims all the time, and has done so for a while."""
    writer = _Writer(url)
    writer.start()
    try:
        while len(writer.claimed) < 20:
            assert writer.is_alive()
            time.sleep(0.01)
        yield writer
    finally:
        writer.stop.set()
        writer.join(60)


@contextmanager
def _dropped(kind: str, url: str) -> Iterator[None]:
    """What a person has restored goes in the end."""
    try:
        yield
    finally:
        if kind != "sqlite":
            with admin_connection(server_url(kind)) as connection:
                connection.execute(text(f"DROP DATABASE IF EXISTS {make_url(url).database}"))


def _check(restored: Ledger, acknowledged: list[str]) -> None:
    """All that was acknowledged before the backup began is in it, and the restored ledger can be written to."""
    assert [consumer for consumer in acknowledged if restored.allocations(consumer) is None] == []
    restored.release(acknowledged[0])
    assert restored.allocations(acknowledged[0]) is None


def _need_tools(kind: str) -> None:
    tools = {"postgresql": ("pg_dump", "createdb", "pg_restore"), "mariadb": ("mariadb-dump", "mariadb")}.get(kind, ())
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        skip_or_fail(f"{', '.join(missing)} not installed")
