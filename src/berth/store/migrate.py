"""Migrations of the schema: the revision of a database, and the way to another one."""

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
from berth.store.backend import LOCK_S, StaleRead
from berth.store.engine import Database
from berth.store.head import REVISIONS

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST: Final = REVISIONS[-1]
"""The revision that this Berth is made for."""

_STANDARD: Final = [(NameKind.CLASS, name) for name in STANDARD_CLASSES] + [
    (NameKind.TRAIT, name) for name in STANDARD_TRAITS
]

_FIRST: Final = {
    "id": 1,
    "number": 0,
    "next_id": 1,
    "revision": NEWEST,
    "audit_number": 0,
    "audit_hash": "",
    "at": 0,
    "beat": 0,
}
"""The head of a new ledger."""

_BERTH: Final = Caller(name="berth", via="local")
_ADDING: Final = "add_standard_names"

_VERSION = table_named("alembic_version", column_named("version_num"))

_MIGRATING: Final = "being migrated"
"""The head's revision during a migration that cannot be one transaction."""

_LOCKS: Final = {
    "postgresql": select(func.pg_advisory_xact_lock(0x6265727468)),
    "mysql": select(func.get_lock("berth.migrate", LOCK_S)),
    "mariadb": select(func.get_lock("berth.migrate", LOCK_S)),
}
"""Statements that wait until no other process migrates; 0 on a timeout. SQLite has a single writer in any case."""


def revision(connection: Connection) -> str | None:
    """Return the revision of a database, or None if it has no tables of Berth's."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar()


def prepare(database: Database) -> None:
    """Make a database ready to serve from: an embedded one is migrated, any other must be at the newest revision.

    Raises DatabaseUnusable if it is newer than this Berth, or is older and not embedded.
    """
    current = check(database)
    if current != NEWEST:
        if not database.capabilities.embedded:
            state = "has no ledger yet" if current is None else f"is at revision {current}, not {NEWEST}"
            raise DatabaseUnusable(f"{database.shown} {state}: run `berth db upgrade`")
        upgrade(database)
    elif _lacks_standard_names(database):
        with database.writing() as connection:
            _ensure_standard_names(database, connection)


def check(database: Database) -> str | None:
    """Return the revision of a database. Raises DatabaseUnusable if it is newer than this Berth."""
    with database.looking() as connection:
        current = revision(connection)
    _check_revision(database, current)
    return current


def upgrade(database: Database, to: str = NEWEST) -> None:
    """Migrate to a later revision, in one transaction where the database can."""
    from alembic import command  # takes a fifth of a second, and is needed for migrations only

    with database.migrating() as connection:
        if _lock_for_migration(database, connection) is None:
            _check_empty(database, connection)
        command.upgrade(_config(connection), to)
        _publish_revision(connection)
        if to == NEWEST:
            _ensure_head(connection)
            _ensure_standard_names(database, connection)


def downgrade(database: Database, to: str) -> None:
    """Migrate back to an earlier revision ("base": without any tables or data)."""
    from alembic import command

    with database.migrating() as connection:
        _lock_for_migration(database, connection)
        command.downgrade(_config(connection), to)
        _publish_revision(connection)


def _lock_for_migration(database: Database, connection: Connection) -> str | None:
    """Keep others from migrating and writing. Return the revision; raises DatabaseUnusable if it is unknown."""
    wait = _LOCKS.get(connection.dialect.name)
    if wait is not None:
        connection.detach()  # the lock belongs to the connection: it must end with this use of it
        if connection.execute(wait).scalar() == 0:
            raise Unavailable(f"{database.shown} is being migrated by another process")
    current = revision(connection)
    _check_revision(database, current)
    if current is not None and database.capabilities.row_locks:
        connection.execute(select(tables.head.c.id).with_for_update())
    if current == NEWEST and not database.capabilities.transactional_ddl:
        connection.execute(update(tables.head).values(revision=_MIGRATING))
    return current


def _publish_revision(connection: Connection) -> None:
    """Write the revision to the head, which every serving process reads."""
    now = revision(connection)
    if now == NEWEST:
        connection.execute(update(tables.head).values(revision=now))


def _check_empty(database: Database, connection: Connection) -> None:
    present = sorted(set(inspect(connection).get_table_names()) & set(tables.metadata.tables))
    if present:
        raise DatabaseUnusable(
            f"{database.shown} has tables of the same names ({', '.join(present)}), but no ledger: "
            "they are another program's, or of an interrupted upgrade. Give Berth a database of its own"
        )


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _check_revision(database: Database, current: str | None) -> None:
    if current is not None and current not in REVISIONS:
        raise DatabaseUnusable(
            f"{database.shown} was made by a newer Berth (revision {current}; this one knows up to {NEWEST})"
        )


def _ensure_head(connection: Connection) -> None:
    if not connection.execute(select(tables.head.c.id)).scalar():
        connection.execute(insert(tables.head), _FIRST)


def _ensure_standard_names(database: Database, connection: Connection) -> None:
    """Add the standard classes and traits that the database lacks."""
    at = heads.lock(connection, database.capabilities)
    present = _present(connection)
    missing = [pair for pair in _STANDARD if pair not in present]
    if missing:
        _add_names(connection, at, missing)


def _lacks_standard_names(database: Database) -> bool:
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
    # Also to the change log: other processes may be serving from this database already.
    facts = Facts(names=[CatalogueEntry(NameKind(row["kind"]), row["id"], row["name"], now) for row in rows])
    text, number = changes.text_of(facts), at.number + 1
    changes.append(connection, [Change(number, now, _ADDING, _BERTH.called, "", facts)], [text])
    chain = audit.Chain(at.audit_number, at.audit_hash)
    chain.add(now, _BERTH, "", _ADDING, f"{len(rows)} names", change=number, facts=text)
    audit.append(connection, chain)
    if not heads.move(connection, at, heads.Head(number, at.next_id + len(rows), chain.number, chain.hash)):
        raise StaleRead("the head was moved by a writer that did not hold its lock")
