"""New ledgers, quickly: a file is copied, and what is in a database of a server is replaced."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Table, insert, select, update

from berth.store import migrate, tables
from berth.store.engine import Database
from tests.support.databases import empty_database

MEMORY: Final = Path("/dev/shm")
"""A disk is synchronised with at each commit: where that is not what is tested, files are kept here."""

Kept = Mapping[Table, Sequence[Mapping[str, Any]]]


class Shelf(Protocol):
    """Where empty ledgers come from."""

    def new(self) -> str:
        """The URL of an empty ledger. The one before it is gone, and nobody may use it any more."""


@contextmanager
def shelf(kind: str) -> Iterator[Shelf]:
    """A shelf with ledgers in this kind of database, cleared afterwards."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="berth-", dir=place) as folder, empty_database(kind, Path(folder)) as url:
        database = Database(url)
        migrate.upgrade(database)
        if database.capabilities.embedded:
            database.close()
            yield _Copied(database.path)
        else:
            yield _Emptied(database)
            database.close()


class _Copied:
    """Files, each a copy of an empty one."""

    def __init__(self, empty: Path) -> None:
        self._empty, self._count = empty, 0

    def new(self) -> str:
        """See Shelf."""
        folder = self._empty.parent
        for left in folder.glob(f"{self._count}.db*"):
            left.unlink()
        self._count += 1
        shutil.copy(self._empty, folder / f"{self._count}.db")
        return f"sqlite:///{folder / str(self._count)}.db"


class _Emptied:
    """One database, that gets back the rows of an empty ledger each time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.reading() as connection:
            self._kept: Kept = {table: _rows(connection, table) for table in tables.metadata.sorted_tables}

    def new(self) -> str:
        """See Shelf."""
        with self._database.migrating() as connection:
            connection.execute(update(tables.providers).values(parent_id=None))  # for their order is not known
            for table in reversed(self._kept):
                connection.execute(table.delete())
            for table, rows in self._kept.items():
                if rows:
                    connection.execute(insert(table), list(rows))
        return self._database.url.set(drivername=self._database.url.get_backend_name()).render_as_string(
            hide_password=False
        )


def _rows(connection: Connection, table: Table) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]
