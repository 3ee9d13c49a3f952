"""The rights that a database role really holds, compared with those that serving needs."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection, text

from berth.review.deployment.result import deployment_finding
from berth.review.model import ReviewFinding, Severity
from berth.store.grants import SERVER_RIGHTS

NEEDED: Final = {table: frozenset(rights.split(", ")) for rights, tables in SERVER_RIGHTS for table in tables}
"""The rights that serving needs on each table."""

TABLE_RIGHTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
"""PostgreSQL's rights on a table."""

_OF_TABLES: Final = frozenset(
    {*TABLE_RIGHTS, "ALTER", "CREATE", "CREATE VIEW", "DELETE HISTORY", "DROP", "INDEX", "SHOW VIEW"}
)
"""MariaDB's rights that can be held on a table; others, such as PROCESS, are of the whole server."""

LOGS: Final = frozenset({"changes", "audit", "audit_subjects"})
"""Tables that are only ever appended to."""

_GRANT: Final = re.compile(r"GRANT (?P<rights>.+?) ON (?P<what>\S+) TO (?P<user>.+)$")


_MAY_CREATE: Final = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
_OWNED: Final = text(
    "SELECT count(*) FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace) "
    "AND relkind = 'r' AND pg_has_role(current_user, relowner, 'MEMBER')"
)
_RIGHT_ON_TABLE: Final = text(
    "SELECT has_table_privilege(CAST(:table AS regclass), :right) OR (:right IN ('SELECT', 'INSERT', 'UPDATE', "
    "'REFERENCES') AND has_any_column_privilege(CAST(:table AS regclass), "
    "CASE WHEN :right IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') THEN :right ELSE 'SELECT' END))"
)
"""Whether PostgreSQL lets this role use one right on a table, or on a column of it."""


def review_rights(connection: Connection) -> Iterator[ReviewFinding]:
    """Yield a finding for each table on which this role may do too much or too little, and for rights beyond tables."""
    if connection.dialect.name == "postgresql":
        yield from _attributes(connection)
        yield from compare(_postgresql_rights(connection))
    elif connection.dialect.name in ("mysql", "mariadb"):
        grants = [row[0] for row in connection.execute(text("SHOW GRANTS"))]
        yield from _wide_grants(grants)
        yield from compare(_mariadb_rights(connection, grants))


def compare(held: dict[str, frozenset[str]]) -> Iterator[ReviewFinding]:
    """Yield a finding for each table whose rights differ from those that serving needs. held: rights by table."""
    for table, needed in sorted(NEEDED.items()):
        rights = held.get(table, frozenset())
        if more := rights - needed:
            yield _too_many(table, more)
        if less := needed - rights:
            yield _too_few(table, less)


def _too_many(table: str, rights: frozenset[str]) -> ReviewFinding:
    severity = Severity.HIGH if table in LOGS and rights & {"UPDATE", "DELETE", "TRUNCATE"} else Severity.MEDIUM
    effect = ": who takes the server over rewrites the log" if severity is Severity.HIGH else ""
    return deployment_finding(
        "right-too-many",
        250,
        severity,
        f"table {table}",
        f"The server's role may {_joined(rights)} on {table}, which serving does not need{effect}",
        f"REVOKE {_joined(rights)} ON {table}; `berth db grant` prints all statements",
    )


def _too_few(table: str, rights: frozenset[str]) -> ReviewFinding:
    return deployment_finding(
        "right-too-few",
        276,
        Severity.LOW,
        f"table {table}",
        f"The server's role may not {_joined(rights)} on {table}, which serving needs",
        f"GRANT {_joined(rights)} ON {table}; `berth db grant` prints all statements",
    )


def _joined(rights: Iterable[str]) -> str:
    return ", ".join(sorted(rights))


def _postgresql_rights(connection: Connection) -> dict[str, frozenset[str]]:
    """Return the rights held on each table by any way: granted, by membership, to PUBLIC, on one column, as owner."""
    return {
        table: frozenset(
            right
            for right in TABLE_RIGHTS
            if connection.execute(_RIGHT_ON_TABLE, {"table": f'"{table}"', "right": right}).scalar()
        )
        for table in NEEDED
    }


_ATTRIBUTES: Final = (
    ("rolsuper", 250, Severity.HIGH, "is a superuser", "NOSUPERUSER"),
    ("rolcreaterole", 269, Severity.HIGH, "may create roles", "NOCREATEROLE"),
    ("rolcreatedb", 250, Severity.MEDIUM, "may create databases", "NOCREATEDB"),
    ("rolreplication", 250, Severity.MEDIUM, "may read everything as a replica", "NOREPLICATION"),
    ("rolbypassrls", 269, Severity.MEDIUM, "ignores policies on rows", "NOBYPASSRLS"),
)


def _attributes(connection: Connection) -> Iterator[ReviewFinding]:
    role = connection.execute(text("SELECT * FROM pg_roles WHERE rolname = current_user")).mappings().one()
    name = role["rolname"]
    for column, cwe, severity, what, word in _ATTRIBUTES:
        if role[column]:
            yield deployment_finding(
                "role-attribute", cwe, severity, f"role {name}", f"The role {name} {what}", f"ALTER ROLE {name} {word}"
            )
    yield from _schema_rights(connection, name)
    yield from _ownership(connection, name)


def _schema_rights(connection: Connection, name: str) -> Iterator[ReviewFinding]:
    if connection.execute(_MAY_CREATE).scalar():
        yield deployment_finding(
            "schema-create",
            250,
            Severity.MEDIUM,
            "schema",
            f"The role {name} may create tables in the ledger's schema",
            f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {name}",
        )


def _ownership(connection: Connection, name: str) -> Iterator[ReviewFinding]:
    if connection.execute(_OWNED).scalar():
        yield deployment_finding(
            "role-owner",
            269,
            Severity.HIGH,
            f"role {name}",
            f"The role {name} owns tables of the ledger: it may drop them and give itself every right",
            "Serve as a role of its own: `berth db grant --owner OWNER --server SERVER`",
        )


def _mariadb_rights(connection: Connection, grants: Iterable[str]) -> dict[str, frozenset[str]]:
    schema = str(connection.execute(text("SELECT DATABASE()")).scalar())
    held: dict[str, frozenset[str]] = {}
    for table in NEEDED:
        rights: set[str] = set()
        for match in filter(None, map(_GRANT.match, grants)):
            if _covers(match["what"].replace("`", ""), schema, table):
                rights |= _table_rights(match["rights"])
        held[table] = frozenset(rights)
    return held


def _covers(what: str, schema: str, table: str) -> bool:
    database, _, name = what.partition(".")
    database = database.replace("\\_", "_").replace("\\%", "%")
    return (database == "*" or database == schema) and name in ("*", table)


def _table_rights(rights: str) -> set[str]:
    if rights.startswith("ALL PRIVILEGES"):
        return {"SELECT", "INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "TRIGGER"}
    words = {re.sub(r"\s*\(.*\)", "", each).strip() for each in re.split(r",\s*(?![^()]*\))", rights)}
    return words & _OF_TABLES


def _wide_grants(grants: Iterable[str]) -> Iterator[ReviewFinding]:
    for match in filter(None, map(_GRANT.match, grants)):
        if not match["rights"].startswith("PROXY"):
            yield from _wide_grant(match["rights"], match["what"], match["user"])


def _wide_grant(rights: str, what: str, user: str) -> Iterator[ReviewFinding]:
    if "WITH GRANT OPTION" in user:
        yield deployment_finding(
            "grant-option",
            269,
            Severity.HIGH,
            "grants",
            f"The server's user may give its rights on {what} to others",
            "REVOKE GRANT OPTION; `berth db grant` prints the statements that serving needs",
        )
    if what == "*.*" and rights != "USAGE":
        yield deployment_finding(
            "right-everywhere",
            250,
            Severity.HIGH,
            "grants",
            f"The server's user may {_short(rights)} in every database of the server",
            "Serve as a user of its own: `berth db grant --server SERVER`",
        )


def _short(rights: str) -> str:
    words = rights.split(", ")
    return rights if len(words) <= 4 else f"{', '.join(words[:4])} and {len(words) - 4} more"


def server_version(connection: Connection) -> tuple[str, str]:
    """Return the database server's program and version: `("PostgreSQL", "16.4")`."""
    if connection.dialect.name == "postgresql":
        return "PostgreSQL", str(connection.execute(text("SHOW server_version")).scalar()).split()[0]
    version = str(connection.execute(text("SELECT VERSION()")).scalar())
    return ("MariaDB" if "MariaDB" in version else "MySQL"), version.partition("-")[0]
