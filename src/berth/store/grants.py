"""Database roles: an owner that migrates and a server role with minimal rights; warnings about the current role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from berth.model.errors import DatabaseUnusable
from berth.store import tables
from berth.store.engine import Database

_RESTRICTED: Final = frozenset(
    {"head", "changes", "audit", "audit_subjects", "checkpoints", "checkpoint_pieces", "tokens"}
)
_WRITTEN: Final = tuple(name for name in tables.metadata.tables if name not in _RESTRICTED)
_STANDBYS: Final = "synchronous_standby_names"

SERVER_RIGHTS: Final = (
    ("SELECT, INSERT, UPDATE, DELETE", _WRITTEN),
    ("SELECT, UPDATE", ("head",)),
    ("SELECT, INSERT", ("changes", "audit", "audit_subjects")),  # logs are only ever appended to
    ("SELECT, INSERT, UPDATE", ("tokens",)),
    ("SELECT", ("alembic_version", "checkpoints", "checkpoint_pieces")),  # the owner's, who archives
)
"""The rights that serving needs, and the tables that it needs them on."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of the two roles. host: from which MariaDB's users connect."""

    owner: str
    server: str
    host: str


def statements(database: Database, roles: Roles) -> list[str]:
    """Return the statements that an administrator executes, in order, once the roles exist."""
    if not database.capabilities.roles:
        raise DatabaseUnusable(f"{database.shown} is a file: its permissions decide which users may write to it")
    with database.reading() as connection:
        present = inspect(connection).has_table("head")
        grants = list(_MAKERS[connection.dialect.name](connection, database, roles))
    if not present:
        raise DatabaseUnusable(f"{database.shown} has no ledger yet: run `berth db upgrade`, as the owner of it")
    return grants


def carry_out(database: Database, grants: Sequence[str]) -> None:
    """Execute the statements, in one transaction where the database can.

    Raises DatabaseUnusable if the database rejects one, for example because a role does not exist.
    """
    with database.migrating() as connection:
        for statement in grants:
            try:
                connection.execute(text(statement.replace(":", "\\:")))
            except DBAPIError as error:
                why = str(error.orig).strip().splitlines()[0]
                raise DatabaseUnusable(f"the database rejects a statement: {why}") from None


def advice(database: Database) -> list[str]:
    """Return warnings about the role in use, and about the database server's settings."""
    if not database.capabilities.roles:
        return []
    with database.reading() as connection:
        advice_of = _postgresql_advice if connection.dialect.name == "postgresql" else _mariadb_advice
        return list(advice_of(connection))


def _postgresql(connection: Connection, database: Database, roles: Roles) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote_identifier
    owner, server = quote(roles.owner), quote(roles.server)
    schema = quote(connection.execute(text("SELECT current_schema()")).scalar_one())
    yield f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC"
    yield f"GRANT ALL ON SCHEMA {schema} TO {owner}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {server}"
    for table in (*tables.metadata.tables, "alembic_version"):
        yield f"ALTER TABLE {schema}.{quote(table)} OWNER TO {owner}"
        yield f"REVOKE ALL ON TABLE {schema}.{quote(table)} FROM {server}"
    for rights, names in SERVER_RIGHTS:
        yield f"GRANT {rights} ON TABLE {', '.join(f'{schema}.{quote(name)}' for name in names)} TO {server}"
    yield f"GRANT CONNECT ON DATABASE {quote(str(database.url.database))} TO {owner}, {server}"


def _mariadb(connection: Connection, database: Database, roles: Roles) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote_identifier
    schema = quote(str(database.url.database))
    owner, server = (f"'{_escaped(name)}'@'{_escaped(roles.host)}'" for name in (roles.owner, roles.server))
    yield f"GRANT ALL PRIVILEGES ON {schema}.* TO {owner}"
    for rights, names in SERVER_RIGHTS:
        for name in names:
            yield f"GRANT {rights} ON {schema}.{quote(name)} TO {server}"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "''")


_MAKERS: Final = {"postgresql": _postgresql, "mariadb": _mariadb, "mysql": _mariadb}


def _postgresql_advice(connection: Connection) -> Iterator[str]:
    role, has_more_rights = connection.execute(
        text(
            "SELECT current_user, rolsuper OR pg_has_role(current_user, relowner, 'MEMBER') "
            "OR has_table_privilege('changes', 'DELETE') OR has_table_privilege('audit', 'UPDATE, DELETE') "
            "FROM pg_roles, pg_class WHERE rolname = current_user AND pg_class.oid = 'changes'::regclass"
        )
    ).one()
    if has_more_rights:
        yield _too_many_rights(role)
    if connection.execute(text("SELECT pg_is_in_recovery()")).scalar():
        yield "this server is a standby: what is read may be old, and every write is refused"
    settings = dict(_settings(connection, ("fsync", "full_page_writes", "synchronous_commit", _STANDBYS)))
    for name in ("fsync", "full_page_writes"):
        if settings[name] == "off":
            yield f"{name} is off on this server: a crash may lose acknowledged commits"
    if settings[_STANDBYS] and settings["synchronous_commit"] in ("local", "remote_write"):
        yield f"synchronous_commit is {settings['synchronous_commit']}: a failover may lose acknowledged commits"


def _settings(connection: Connection, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield settings of this connection by name, empty if this server does not know one."""
    for name in names:
        yield name, connection.execute(text("SELECT current_setting(:name, true)"), {"name": name}).scalar() or ""


def _mariadb_advice(connection: Connection) -> Iterator[str]:
    user = connection.execute(text("SELECT CURRENT_USER()")).scalar_one()
    needed = {"USAGE", "SELECT", "INSERT", "UPDATE", "DELETE"}
    for (granted,) in connection.execute(text("SHOW GRANTS")):
        rights, _, rest = granted.removeprefix("GRANT ").partition(" ON ")
        wide = rest.startswith("*.*") or rest.partition(" TO ")[0].endswith(".*")
        own_log = any(log in rest for log in ("`changes`", "`audit`", "`audit_subjects`")) and not {
            "UPDATE",
            "DELETE",
        }.isdisjoint(rights.split(", "))
        if not needed.issuperset(rights.split(", ")) or (wide and rights != "USAGE") or own_log:
            yield _too_many_rights(user)
            break
    if connection.execute(text("SELECT @@GLOBAL.innodb_flush_log_at_trx_commit")).scalar() != 1:
        yield "innodb_flush_log_at_trx_commit is not 1 on this server: a crash may lose acknowledged commits"
    yield from galera_advice({name: value for name, value in connection.execute(text("SHOW VARIABLES LIKE 'wsrep%'"))})


def galera_advice(variables: Mapping[str, str]) -> Iterator[str]:
    """Yield warnings about a node of a Galera cluster, from the variables of Berth's session on it."""
    if variables.get("wsrep_on") != "ON" or variables.get("wsrep_provider", "none") in ("", "none"):
        return
    if not int(variables.get("wsrep_sync_wait", 0)) & 1:
        yield "wsrep_sync_wait could not be set: what was written on another node may be missing from what is read"
    if variables.get("wsrep_dirty_reads") == "ON":
        yield "wsrep_dirty_reads is on: a node that is cut off from its cluster answers with what it had"
    options = variables.get("wsrep_provider_options", "").replace(" ", "").split(";")
    for name in ("pc.ignore_sb", "pc.ignore_quorum"):
        if f"{name}=true" in options:
            yield f"{name} is true: both sides of a cluster that was cut in two accept writes"


def _too_many_rights(role: str) -> str:
    return f"this process runs as {role}, which has more rights than serving needs: see `berth db grant`"
