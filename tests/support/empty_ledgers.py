"""Empty ledgers, quickly: a file is copied, the rows in a database of a server are replaced."""

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
"""Files are kept here, in memory, because each commit waits for the disk."""

RowsByTable = Mapping[Table, Sequence[Mapping[str, Any]]]


class EmptyLedgers(Protocol):
    """A source of empty ledgers."""

    def new(self) -> str:
        """Return the URL of an empty ledger. The one before it is gone and must not be used any more."""


@contextmanager
def empty_ledgers(kind: str) -> Iterator[EmptyLedgers]:
    """Yield a source of empty ledgers in this kind of database, and remove them at the end."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="berth-", dir=place) as folder, empty_database(kind, Path(folder)) as url:
        database = Database(url)
        migrate.upgrade(database)
        if database.capabilities.embedded:
            database.close()
            yield _CopiedFiles(database.path)
        else:
            yield _EmptiedDatabase(database)
            database.close()


class _CopiedFiles:
    """Files, each a copy of an empty one."""

    def __init__(self, empty: Path) -> None:
        self._empty, self._count = empty, 0

    def new(self) -> str:
        """See EmptyLedgers."""
        folder = self._empty.parent
        for old in folder.glob(f"{self._count}.db*"):
            old.unlink()
        self._count += 1
        shutil.copy(self._empty, folder / f"{self._count}.db")
        return f"sqlite:///{folder / str(self._count)}.db"


class _EmptiedDatabase:
    """One database that gets back the rows of an empty ledger each time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.reading() as connection:
            self._rows: RowsByTable = {table: _read_rows(connection, table) for table in tables.metadata.sorted_tables}

    def new(self) -> str:
        """See EmptyLedgers."""
        with self._database.migrating() as connection:
            connection.execute(update(tables.providers).values(parent_id=None))  # because their order is unknown
            for table in reversed(self._rows):
                connection.execute(table.delete())
            for table, rows in self._rows.items():
                if rows:
                    connection.execute(insert(table), list(rows))
        return self._database.url.set(drivername=self._database.url.get_backend_name()).render_as_string(
            hide_password=False
        )


def _read_rows(connection: Connection, table: Table) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]
