"""The schema: which revision a database is at, and how it gets to ours."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, func, insert, inspect, select, update
from sqlalchemy import column as column_named
from sqlalchemy import table as table_named

from berth.model.caller import Caller
from berth.model.change import CatalogueEntry, Change, Facts, NameKind
from berth.model.errors import DatabaseUnusable, Unavailable
from berth.model.names import STANDARD_CLASSES, STANDARD_TRAITS
from berth.store import audit, changes, tables
from berth.store import head as heads
from berth.store.backend import LOCK_S
from berth.store.engine import Database
from berth.store.head import REVISIONS

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST: Final = REVISIONS[-1]
"""The revision that this Berth is made for."""

_STANDARD: Final = [(NameKind.CLASS, name) for name in STANDARD_CLASSES] + [
    (NameKind.TRAIT, name) for name in STANDARD_TRAITS
]

_FIRST: Final = {"id": 1, "number": 0, "next_id": 1, "revision": NEWEST, "audit_number": 0, "audit_hash": ""}
"""The head of a new ledger."""

_BERTH: Final = Caller(name="berth", via="local")
_ADDING: Final = "add_standard_names"

_VERSION = table_named("alembic_version", column_named("version_num"))

_MIGRATING: Final = "being migrated"
"""What the head says meanwhile, where a migration cannot be one transaction."""

_ALONE: Final = {
    "postgresql": select(func.pg_advisory_xact_lock(0x6265727468)),
    "mysql": select(func.get_lock("berth.migrate", LOCK_S)),
    "mariadb": select(func.get_lock("berth.migrate", LOCK_S)),
}
"""Waits until no other process migrates; 0 if that takes too long. SQLite's writers are alone in any case."""


def revision(connection: Connection) -> str | None:
    """The revision of this database; None if it has no tables of ours."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar()


def prepare(database: Database) -> None:
    """Make a database ready to serve from; an embedded one is migrated, any other must be at our revision.

    Raises DatabaseUnusable if it is newer than this Berth, or is older and not ours to migrate.
    """
    current = check(database)
    if current != NEWEST:
        if not database.capabilities.embedded:
            state = "has no ledger yet" if current is None else f"is at revision {current}, not {NEWEST}"
            raise DatabaseUnusable(f"{database.shown} {state}: run `berth db upgrade`")
        upgrade(database)
    elif _lacking(database):
        with database.writing() as connection:
            _ensure_standard_names(database, connection)


def check(database: Database) -> str | None:
    """The revision of a database; DatabaseUnusable if it is newer than this Berth."""
    with database.looking() as connection:
        current = revision(connection)
    _known(database, current)
    return current


def upgrade(database: Database, to: str = NEWEST) -> None:
    """Migrate to a later revision: all of it, or nothing where the database can do that."""
    from alembic import command  # a fifth of a second, and only needed where something is to be migrated

    with database.migrating() as connection:
        if _alone(database, connection) is None:
            _check_empty(database, connection)
        command.upgrade(_config(connection), to)
        _note(connection)
        if to == NEWEST:
            _ensure_head(connection)
            _ensure_standard_names(database, connection)


def downgrade(database: Database, to: str) -> None:
    """Migrate back to an earlier revision ("base": no tables at all, and nothing of what they held)."""
    from alembic import command

    with database.migrating() as connection:
        _alone(database, connection)
        command.downgrade(_config(connection), to)
        _note(connection)


def _alone(database: Database, connection: Connection) -> str | None:
    """Keep others from migrating and from writing; returns the revision. DatabaseUnusable if we do not know it."""
    wait = _ALONE.get(connection.dialect.name)
    if wait is not None:
        connection.detach()  # this lock is the connection's: it must end with this use of it
        if connection.execute(wait).scalar() == 0:
            raise Unavailable(f"{database.shown} is being migrated by another process")
    current = revision(connection)
    _known(database, current)
    if current is not None and database.capabilities.row_locks:
        connection.execute(select(tables.head.c.id).with_for_update())
    if current == NEWEST and not database.capabilities.transactional_ddl:
        connection.execute(update(tables.head).values(revision=_MIGRATING))
    return current


def _note(connection: Connection) -> None:
    """Write the revision where every process that serves looks."""
    now = revision(connection)
    if now == NEWEST:
        connection.execute(update(tables.head).values(revision=now))


def _check_empty(database: Database, connection: Connection) -> None:
    present = sorted(set(inspect(connection).get_table_names()) & set(tables.metadata.tables))
    if present:
        raise DatabaseUnusable(
            f"{database.shown} has tables that would be in the way ({', '.join(present)}), but no ledger: "
            "they are another program's, or of an upgrade that was cut off. Give Berth a database of its own"
        )


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _known(database: Database, current: str | None) -> None:
    if current is not None and current not in REVISIONS:
        raise DatabaseUnusable(
            f"{database.shown} was made by a newer Berth (revision {current}; this one knows up to {NEWEST})"
        )


def _ensure_head(connection: Connection) -> None:
    if not connection.execute(select(tables.head.c.id)).scalar():
        connection.execute(insert(tables.head), _FIRST)


def _ensure_standard_names(database: Database, connection: Connection) -> None:
    """Add those standard classes and traits that a newer catalogue has and the database lacks."""
    at = heads.lock(connection, database.capabilities)
    present = _present(connection)
    missing = [pair for pair in _STANDARD if pair not in present]
    if missing:
        _add_names(connection, at, missing)


def _lacking(database: Database) -> bool:
    with database.reading() as connection:
        return not _present(connection).issuperset(_STANDARD)


def _present(connection: Connection) -> set[tuple[NameKind, str]]:
    known = select(tables.names.c.kind, tables.names.c.name)
    return {(NameKind(kind), name) for kind, name in connection.execute(known)}


def _add_names(connection: Connection, at: heads.Head, missing: list[tuple[NameKind, str]]) -> None:
    now = time.time_ns() // 1000
    rows: list[dict[str, Any]] = [
        {"id": at.next_id + place, "kind": kind.value, "name": name, "created_at": now}
        for place, (kind, name) in enumerate(missing)
    ]
    connection.execute(insert(tables.names), rows)
    # Also into the change log: other processes may be serving from this database already.
    facts = Facts(names=[CatalogueEntry(NameKind(row["kind"]), row["id"], row["name"], now) for row in rows])
    text, number = changes.text_of(facts), at.number + 1
    changes.append(connection, [Change(number, now, _ADDING, _BERTH.called, "", facts)], [text])
    chain = audit.Chain(at.audit_number, at.audit_hash)
    chain.add(now, _BERTH, "", _ADDING, f"{len(rows)} names", change=number, facts=text)
    audit.append(connection, chain)
    heads.move(connection, at, heads.Head(number, at.next_id + len(rows), chain.number, chain.hash))
