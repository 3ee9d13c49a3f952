"""Names that begin with a text, for the completion of a shell.

On SQLite they are read with Python's own module: to import SQLAlchemy takes longer than a person waits for them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final
from urllib.parse import quote

_SQLITE: Final = "sqlite:///"
_LAST: Final = "\U0010ffff"
_BUSY_S: Final = 0.2

_STATEMENTS: Final = {
    "provider": "SELECT name FROM providers WHERE name >= ? AND name < ? ORDER BY name LIMIT ?",
    "class": "SELECT name FROM names WHERE kind = 'class' AND name >= ? AND name < ? ORDER BY name LIMIT ?",
    "trait": "SELECT name FROM names WHERE kind = 'trait' AND name >= ? AND name < ? ORDER BY name LIMIT ?",
    "aggregate": "SELECT label FROM names WHERE kind = 'aggregate' AND label >= ? AND label < ? ORDER BY label LIMIT ?",
    "project": "SELECT DISTINCT project FROM consumers WHERE project >= ? AND project < ? ORDER BY project LIMIT ?",
}
"""By the kind of name, for SQLite."""


def names_with_prefix(url: str, kind: str, prefix: str, most: int) -> list[str]:
    """Return the first names of a kind that begin with a text, in order. Raises what the database's driver raises.

    kind: provider, class, trait, aggregate or project.
    """
    if not url.startswith(_SQLITE):
        return _in_server(url, kind, prefix, most)
    path = quote(url.removeprefix(_SQLITE).partition("?")[0])
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_BUSY_S)) as connection:
        return [row[0] for row in connection.execute(_STATEMENTS[kind], (prefix, prefix + _LAST, most))]


def prepare(url: str) -> None:
    """Import what `names_with_prefix` needs for a database, which takes longer than to read the names."""
    if not url.startswith(_SQLITE):
        import berth.store.tables  # noqa: F401 - it is used later
        from berth.store.engine import Database

        database = Database(url)  # which imports what is particular to a kind of database
        database.url.get_dialect().import_dbapi()
        database.close()


def _in_server(url: str, kind: str, prefix: str, most: int) -> list[str]:
    from sqlalchemy import select

    from berth.store.engine import Database
    from berth.store.tables import consumers, names, providers

    column = {"provider": providers.c.name, "aggregate": names.c.label, "project": consumers.c.project}.get(kind)
    column = names.c.name if column is None else column
    query = select(column).distinct().where(column.startswith(prefix, autoescape=True)).order_by(column).limit(most)
    if column.table is names:
        query = query.where(names.c.kind == kind)
    database = Database(url)
    try:
        with database.reading() as connection:
            return list(connection.execute(query).scalars())
    finally:
        database.close()
