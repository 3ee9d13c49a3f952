"""The schema: which revision a database is at, and how it gets to ours."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy import column as column_named
from sqlalchemy import table as table_named

from berth.model.change import Change, Facts, Kind, Named
from berth.model.errors import DatabaseUnusable
from berth.model.names import STANDARD_CLASSES, STANDARD_TRAITS
from berth.store import changes, tables
from berth.store import head as heads
from berth.store.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS: Final = ("0001",)
"""Every revision there is, oldest first; a test holds this against the migrations folder."""

_VERSION = table_named("alembic_version", column_named("version_num"))


def revision(connection: Connection) -> str | None:
    """The revision of this database; None if it has no tables of ours."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar()


def prepare(database: Database) -> None:
    """Make a database ready to serve from; an embedded one is migrated, any other must be at our revision.

    Raises DatabaseUnusable if it is newer than this Berth, or is older and not ours to migrate.
    """
    with database.reading() as connection:
        current = revision(connection)
    if current != REVISIONS[-1]:
        _known(database, current)
        if not database.capabilities.embedded:
            state = "has no ledger yet" if current is None else f"is at revision {current}, not {REVISIONS[-1]}"
            raise DatabaseUnusable(f"{database.shown} {state}: run `berth db upgrade`")
        upgrade(database)
    else:
        _ensure_standard_names(database)


def upgrade(database: Database, to: str = "head") -> None:
    """Migrate to a revision, all in one transaction where the database can do that."""
    from alembic import command  # a fifth of a second, and only needed where something is to be migrated

    with database.writing() as connection:
        _known(database, revision(connection))
        command.upgrade(_config(connection), to)
    _ensure_standard_names(database)


def downgrade(database: Database, to: str) -> None:
    """Migrate back to an earlier revision ("base": no tables at all)."""
    from alembic import command

    with database.writing() as connection:
        _known(database, revision(connection))
        command.downgrade(_config(connection), to)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _known(database: Database, current: str | None) -> None:
    if current is not None and current not in REVISIONS:
        raise DatabaseUnusable(
            f"{database.shown} was made by a newer Berth (revision {current}; this one knows up to {REVISIONS[-1]})"
        )


def _ensure_standard_names(database: Database) -> None:
    """Add the head, and those standard classes and traits that a newer catalogue has and the database lacks."""
    wanted = [(Kind.CLASS, name) for name in STANDARD_CLASSES] + [(Kind.TRAIT, name) for name in STANDARD_TRAITS]
    known = select(tables.names.c.kind, tables.names.c.name)
    with database.reading() as connection:
        if not set(wanted) - {(Kind(kind), name) for kind, name in connection.execute(known)}:
            return
    with database.writing() as connection:
        if not connection.execute(select(tables.head.c.id)).scalar():
            connection.execute(insert(tables.head), {"id": 1, "number": 0, "next_id": 1})
        now = time.time_ns() // 1000
        at = heads.lock(connection, database.capabilities)
        present = {(Kind(kind), name) for kind, name in connection.execute(known)}
        missing = [pair for pair in wanted if pair not in present]
        rows: list[dict[str, Any]] = [
            {"id": at.next_id + place, "kind": kind.value, "name": name, "created_at": now}
            for place, (kind, name) in enumerate(missing)
        ]
        if not rows:
            return
        connection.execute(insert(tables.names), rows)
        # Also into the change log: other processes may be serving from this database already.
        named = [Named(Kind(row["kind"]), row["id"], row["name"], now) for row in rows]
        facts = Facts(names=named)
        changes.append(connection, [Change(at.number + 1, now, "add_standard_names", "berth", "", facts)])
        heads.move(connection, at, heads.Head(at.number + 1, at.next_id + len(rows)))
