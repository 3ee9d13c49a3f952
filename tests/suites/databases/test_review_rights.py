"""`berth review` on real roles: the rights that serving needs are no finding, one more or one less is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, make_url

from berth.review.deployment.encryption import database_encryption
from berth.review.deployment.public_rights import review_public_rights
from berth.review.deployment.rights import review_rights, server_version
from berth.store import grants
from berth.store.engine import Database, parse_url
from tests.support.databases import (
    SERVER_KINDS,
    admin_connection,
    chosen_kinds,
    ledger_database,
    require_database,
    server_url,
)

PASSWORD = "only-for-this-test"
ROLE = {
    "postgresql": ("CREATE ROLE {0} LOGIN PASSWORD '{1}'", "DROP OWNED BY {0}", "DROP ROLE {0}"),
    "mariadb": ("CREATE USER {0}@'%' IDENTIFIED BY '{1}'", "", "DROP USER {0}@'%'"),
}
Found = list[tuple[str, str]]

CHANGES: dict[str, list[tuple[str, str, Found]]] = {
    "postgresql": [
        ("GRANT DELETE ON audit TO {0}", "REVOKE DELETE ON audit FROM {0}", [("right-too-many", "table audit")]),
        (
            "GRANT UPDATE (actor) ON audit TO {0}",
            "REVOKE UPDATE (actor) ON audit FROM {0}",
            [("right-too-many", "table audit")],
        ),
        (
            "GRANT DELETE ON changes TO PUBLIC",
            "REVOKE DELETE ON changes FROM PUBLIC",
            [("right-too-many", "table changes"), ("public-right", "table changes")],
        ),
        (
            "GRANT SELECT (actor) ON audit TO PUBLIC",
            "REVOKE SELECT (actor) ON audit FROM PUBLIC",
            [("public-right", "table audit")],
        ),
        (
            "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC",
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC",
            [("default-right", "default privileges of {1}")],
        ),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {0}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {0}",
            [("default-right", "default privileges of {1}")],
        ),
        ("GRANT TRUNCATE ON head TO {0}", "REVOKE TRUNCATE ON head FROM {0}", [("right-too-many", "table head")]),
        ("REVOKE INSERT ON audit FROM {0}", "GRANT INSERT ON audit TO {0}", [("right-too-few", "table audit")]),
        ("ALTER ROLE {0} CREATEDB", "ALTER ROLE {0} NOCREATEDB", [("role-attribute", "role {0}")]),
        ("ALTER ROLE {0} CREATEROLE", "ALTER ROLE {0} NOCREATEROLE", [("role-attribute", "role {0}")]),
        (
            "GRANT CREATE ON SCHEMA public TO {0}",
            "REVOKE CREATE ON SCHEMA public FROM {0}",
            [("schema-create", "schema")],
        ),
    ],
    "mariadb": [
        (
            "GRANT DELETE ON audit TO {0}@'%'",
            "REVOKE DELETE ON audit FROM {0}@'%'",
            [("right-too-many", "table audit")],
        ),
        (
            "GRANT UPDATE (actor) ON audit TO {0}@'%'",
            "REVOKE UPDATE (actor) ON audit FROM {0}@'%'",
            [("right-too-many", "table audit")],
        ),
        ("GRANT DELETE ON audit TO PUBLIC", "REVOKE DELETE ON audit FROM PUBLIC", [("right-too-many", "table audit")]),
        ("GRANT ALTER ON head TO {0}@'%'", "REVOKE ALTER ON head FROM {0}@'%'", [("right-too-many", "table head")]),
        ("REVOKE INSERT ON audit FROM {0}@'%'", "GRANT INSERT ON audit TO {0}@'%'", [("right-too-few", "table audit")]),
        ("GRANT PROCESS ON *.* TO {0}@'%'", "REVOKE PROCESS ON *.* FROM {0}@'%'", [("right-everywhere", "grants")]),
        (
            "GRANT SELECT ON head TO {0}@'%' WITH GRANT OPTION",
            "REVOKE GRANT OPTION ON head FROM {0}@'%'",
            [("grant-option", "grants")],
        ),
    ],
}

ALWAYS: dict[str, Found] = {"postgresql": [], "mariadb": [("user-from-everywhere", "database user")]}
"""What is found of the tests' role as it is made."""

OF_ADMINISTRATORS = {
    "postgresql": {"role-attribute", "role-owner", "schema-create"},
    "mariadb": {"right-everywhere"},
}


@pytest.fixture(params=chosen_kinds(SERVER_KINDS))
def role(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, str, str]]:
    """The kind of server, an administrator's URL of a ledger, the name of its server role, and that role's URL."""
    kind = request.param
    require_database(kind)
    name = f"b{uuid4().hex[:8]}_server"
    make, disown, drop = ROLE[kind]
    with ledger_database(kind, tmp_path) as url:
        with admin_connection(server_url(kind)) as admin:
            admin.exec_driver_sql(make.format(name, PASSWORD).replace("%", "%%"))
        try:
            grant_rights(url, name)
            serving = make_url(url).set(username=name, password=PASSWORD)
            yield kind, url, name, serving.render_as_string(hide_password=False)
        finally:
            if disown:
                change(url, disown.format(name))
            with admin_connection(server_url(kind)) as admin:
                admin.exec_driver_sql(drop.format(name).replace("%", "%%"))


def grant_rights(url: str, name: str) -> None:
    """Grant what serving needs. The tables stay the administrator's."""
    database = Database(url)
    owner = str(database.url.username)
    try:
        every = grants.statements(database, grants.Roles(owner, name, "%"))
        grants.carry_out(database, [each for each in every if f"TO '{owner}'@" not in each])
    finally:
        database.close()


def change(url: str, statement: str) -> None:
    with admin_connection(parse_url(url)) as admin:
        admin.exec_driver_sql(statement.replace("%", "%%"))


def findings(connection: Connection) -> Found:
    found = (*review_rights(connection), *review_public_rights(connection))
    return [(each.rule, each.place.path) for each in found]


def test_rights_that_are_really_held(role: tuple[str, str, str, str]) -> None:
    kind, url, name, serving = role
    as_server, as_administrator = Database(serving), Database(url)
    try:
        assert reviewed(as_server) == ALWAYS[kind]
        owner = str(make_url(url).username)
        for make, undo, expected in CHANGES[kind]:
            change(url, make.format(name))
            named = [(rule, what.format(name, owner)) for rule, what in expected]
            assert reviewed(as_server) == [*named, *ALWAYS[kind]], make
            change(url, undo.format(name))
            assert reviewed(as_server) == ALWAYS[kind], undo
        assert {rule for rule, _ in reviewed(as_administrator)} >= OF_ADMINISTRATORS[kind]
        with as_administrator.reading() as connection:
            program, version = server_version(connection)
            assert database_encryption(connection) == ("", ""), "the tests' servers have no certificate"
        assert (program.lower(), version[0].isdigit()) == (kind, True)
    finally:
        as_server.close()
        as_administrator.close()


def reviewed(database: Database) -> Found:
    with database.reading() as connection:
        return findings(connection)
