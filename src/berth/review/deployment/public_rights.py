"""Rights that every role of a database server has, or will have on tables that are yet to be made."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

from berth.review.deployment.result import deployment_finding
from berth.review.deployment.rights import LOGS
from berth.review.model import ReviewFinding, Severity

_OF_ALL: Final = text(
    "SELECT relname, string_agg(DISTINCT privilege_type, ', ' ORDER BY privilege_type) FROM ("
    "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a "
    "WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND a.grantee = 0 "
    "UNION SELECT c.relname, a.privilege_type FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, "
    "aclexplode(t.attacl) a WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND a.grantee = 0"
    ") AS held GROUP BY relname ORDER BY relname"
)
"""PostgreSQL's tables with the rights that PUBLIC holds on them or on a column; grantee 0 is PUBLIC."""

_LATER: Final = text(
    "SELECT CAST(CAST(d.defaclrole AS regrole) AS text), a.grantee = 0, "
    "string_agg(DISTINCT a.privilege_type, ', ' ORDER BY a.privilege_type) "
    "FROM pg_default_acl d, aclexplode(d.defaclacl) a WHERE d.defaclobjtype = 'r' "
    "AND d.defaclnamespace IN (0, CAST(CAST(current_schema() AS regnamespace) AS oid)) "
    "AND a.grantee <> d.defaclrole AND (a.grantee = 0 OR pg_has_role(current_user, a.grantee, 'MEMBER')) "
    "GROUP BY 1, 2 ORDER BY 1, 2"
)
"""PostgreSQL's default privileges on tables, of all and of this role, by the role that makes the tables."""

_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER"})


def review_public_rights(connection: Connection) -> Iterator[ReviewFinding]:
    """Yield what every role may do, what roles will be able to do by default, and who signs in from everywhere."""
    if connection.dialect.name == "postgresql":
        yield from _rights_of_all(connection)
        yield from _default_rights(connection)
    elif connection.dialect.name in ("mysql", "mariadb"):
        yield from review_user(str(connection.execute(text("SELECT CURRENT_USER()")).scalar()))


def _rights_of_all(connection: Connection) -> Iterator[ReviewFinding]:
    for table, rights in connection.execute(_OF_ALL):
        writes = bool(_WRITES & set(rights.split(", ")))
        severity = Severity.HIGH if writes and table in LOGS else Severity.MEDIUM
        yield deployment_finding(
            "public-right",
            732,
            severity,
            f"table {table}",
            f"Every role of the database server may {rights} on {table}",
            f"REVOKE ALL ON {table} FROM PUBLIC",
        )


def _default_rights(connection: Connection) -> Iterator[ReviewFinding]:
    for maker, is_public, rights in connection.execute(_LATER):
        who = "Every role" if is_public else "The server's role"
        yield deployment_finding(
            "default-right",
            276,
            Severity.MEDIUM,
            f"default privileges of {maker}",
            f"{who} will be able to {rights} on each table that {maker} makes, such as at the next migration",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {maker} REVOKE ALL ON TABLES FROM {'PUBLIC' if is_public else 'it'}",
        )


def review_user(user: str) -> Iterator[ReviewFinding]:
    """Yield a finding if MariaDB takes this user (`name@host`) from every address."""
    name, _, host = user.rpartition("@")
    if host in ("%", ""):
        yield deployment_finding(
            "user-from-everywhere",
            16,
            Severity.LOW,
            "database user",
            f"The server's user {name} may sign in from every address: its host is %",
            f"Give it the addresses of the servers only: RENAME USER '{name}'@'%' TO '{name}'@'10.0.0.%'",
        )
