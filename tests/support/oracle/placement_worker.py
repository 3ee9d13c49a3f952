"""Runs the real Placement inside this process: a script for an interpreter that has openstack-placement.

    python placement_worker.py [--corrected]

Each line of standard input is a JSON list, and each line of standard output the answer to it:

    ["empty"]                                forget everything but the standard names
    ["call", METHOD, PATH, MINOR, BODY]      a request at microversion 1.MINOR: [status, body]
    ["forget_idle"]                          forget consumers that hold nothing: a refused first write may leave one
    ["state"]                                what the database holds
    ["load", STATE]                          let the (empty) database hold this, except custom names

``--corrected`` mends those faults of its search that can be mended in a line, so that more can be compared:

- amounts are shared between candidates, and grow;
- a sharing provider below another root is not found (500);
- of the ways to satisfy the unsuffixed group that differ in their tree only (all is shared), one is kept, and so
  the other groups find no partner in the other trees.

It imports nothing of Berth and is not imported by it: the interpreter may be another one.
"""

from __future__ import annotations

import copy
import io
import json
import logging
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIGURATION = """\
[DEFAULT]
log_options = False
[api]
auth_strategy = noauth2
[placement_database]
connection = sqlite:///{directory}/placement.db
sqlite_synchronous = False
sync_on_startup = True
[oslo_policy]
policy_file = {directory}/policy.yaml
enforce_new_defaults = False
"""
EMPTIED = (
    "allocations",
    "inventories",
    "resource_provider_aggregates",
    "resource_provider_traits",
    "resource_providers",
    "placement_aggregates",
    "consumers",
    "consumer_types",
    "projects",
    "users",
)
NAMED = ("traits", "resource_classes")
STATE = {
    "providers": """
        SELECT p.uuid, p.name, p.generation, up.uuid, top.uuid FROM resource_providers p
        JOIN resource_providers top ON top.id = p.root_provider_id
        LEFT JOIN resource_providers up ON up.id = p.parent_provider_id""",
    "inventories": """
        SELECT p.uuid, c.name, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, i.allocation_ratio
        FROM inventories i JOIN resource_providers p ON p.id = i.resource_provider_id
        JOIN resource_classes c ON c.id = i.resource_class_id""",
    "traits": """
        SELECT p.uuid, t.name FROM resource_provider_traits x
        JOIN resource_providers p ON p.id = x.resource_provider_id JOIN traits t ON t.id = x.trait_id""",
    "aggregates": """
        SELECT p.uuid, a.uuid FROM resource_provider_aggregates x
        JOIN resource_providers p ON p.id = x.resource_provider_id
        JOIN placement_aggregates a ON a.id = x.aggregate_id""",
    "consumers": """
        SELECT c.uuid, c.generation, p.external_id, u.external_id, t.name FROM consumers c
        JOIN projects p ON p.id = c.project_id JOIN users u ON u.id = c.user_id
        LEFT JOIN consumer_types t ON t.id = c.consumer_type_id""",
    "allocations": """
        SELECT a.consumer_id, p.uuid, c.name, a.used FROM allocations a
        JOIN resource_providers p ON p.id = a.resource_provider_id
        JOIN resource_classes c ON c.id = a.resource_class_id""",
    "custom": "SELECT name FROM traits WHERE name LIKE 'CUSTOM%' UNION ALL "
    "SELECT name FROM resource_classes WHERE name LIKE 'CUSTOM%'",
}
PROVIDER = "(SELECT id FROM resource_providers WHERE uuid = ?)"
AGGREGATE = "(SELECT id FROM placement_aggregates WHERE uuid = ?)"
PROJECT = "(SELECT id FROM projects WHERE external_id = ?)"
USER = "(SELECT id FROM users WHERE external_id = ?)"
CLASS = "(SELECT id FROM resource_classes WHERE name = ?)"
TRAIT = "(SELECT id FROM traits WHERE name = ?)"
INVENTORY = "total, reserved, min_unit, max_unit, step_size, allocation_ratio"
# What of the state, which columns of its rows, and the statement for them.
LOADED: tuple[tuple[str, tuple[int, ...], str], ...] = (
    ("providers", (0, 1, 2), "INSERT INTO resource_providers (uuid, name, generation) VALUES (?, ?, ?)"),
    ("providers", (3, 0), f"UPDATE resource_providers SET parent_provider_id = {PROVIDER} WHERE uuid = ?"),
    ("providers", (4, 0), f"UPDATE resource_providers SET root_provider_id = {PROVIDER} WHERE uuid = ?"),
    (
        "inventories",
        tuple(range(8)),
        f"INSERT INTO inventories (resource_provider_id, resource_class_id, {INVENTORY}) "
        f"VALUES ({PROVIDER}, {CLASS}, ?, ?, ?, ?, ?, ?)",
    ),
    (
        "traits",
        (0, 1),
        f"INSERT INTO resource_provider_traits (resource_provider_id, trait_id) VALUES ({PROVIDER}, {TRAIT})",
    ),
    ("aggregates", (1,), "INSERT OR IGNORE INTO placement_aggregates (uuid) VALUES (?)"),
    (
        "aggregates",
        (0, 1),
        "INSERT INTO resource_provider_aggregates (resource_provider_id, aggregate_id) "
        f"VALUES ({PROVIDER}, {AGGREGATE})",
    ),
    ("consumers", (2,), "INSERT OR IGNORE INTO projects (external_id) VALUES (?)"),
    ("consumers", (3,), "INSERT OR IGNORE INTO users (external_id) VALUES (?)"),
    (
        "consumers",
        (0, 1, 2, 3),
        f"INSERT INTO consumers (uuid, generation, project_id, user_id) VALUES (?, ?, {PROJECT}, {USER})",
    ),
    (
        "allocations",
        (0, 1, 2, 3),
        "INSERT INTO allocations (consumer_id, resource_provider_id, resource_class_id, used) "
        f"VALUES (?, {PROVIDER}, {CLASS}, ?)",
    ),
)


class Placement:
    """Placement as a WSGI application, and its database."""

    def __init__(self, directory: str, corrected: bool) -> None:
        self._database = f"{directory}/placement.db"
        Path(directory, "placement.conf").write_text(CONFIGURATION.format(directory=directory))
        os.environ["OS_PLACEMENT_CONFIG_DIR"] = directory
        from placement import wsgi

        self._application = wsgi.init_application()
        logging.disable(logging.WARNING)
        if corrected:
            correct()

    def empty(self) -> None:
        with sqlite3.connect(self._database) as connection:
            for table in EMPTIED:
                connection.execute(f"DELETE FROM {table}")
            for table in NAMED:
                connection.execute(f"DELETE FROM {table} WHERE name LIKE 'CUSTOM%'")
        connection.close()

    def forget_idle(self) -> None:
        with sqlite3.connect(self._database) as connection:
            connection.execute("DELETE FROM consumers WHERE uuid NOT IN (SELECT consumer_id FROM allocations)")
        connection.close()

    def state(self) -> dict[str, list[Any]]:
        with sqlite3.connect(self._database) as connection:
            state = {name: connection.execute(query).fetchall() for name, query in STATE.items()}
        connection.close()
        return state

    def load(self, state: dict[str, list[Any]]) -> None:
        with sqlite3.connect(self._database) as connection:
            for name, columns, statement in LOADED:
                connection.executemany(statement, [[row[column] for column in columns] for row in state[name]])
        connection.close()

    def call(self, method: str, path: str, minor: int, body: Any) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        content = b"" if body is None else json.dumps(body).encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(content)),
            "CONTENT_TYPE": "application/json" if content else "",
            "HTTP_X_AUTH_TOKEN": "admin",
            "HTTP_ACCEPT": "application/json",
            "HTTP_OPENSTACK_API_VERSION": f"placement 1.{minor}",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        seen: list[str] = []
        answer = b"".join(self._application(environ, lambda status, *_rest: seen.append(status)))
        return int(seen[0].split()[0]), json.loads(answer) if answer else None


def correct() -> None:
    """Mend what is known to be wrong in the search."""
    from placement.objects import allocation_candidate, research_context, trait

    research_context.RequestWideSearchContext.copy_arr_if_needed = lambda _self, arr: copy.copy(arr)
    request = allocation_candidate.AllocationRequest
    equal = request.__eq__
    request.__eq__ = lambda self, other: (
        self.anchor_root_provider_uuid == other.anchor_root_provider_uuid and equal(self, other)
    )
    for module, name in (
        (allocation_candidate, "_build_provider_summaries"),
        (trait, "get_traits_by_provider_tree"),
    ):
        setattr(module, name, with_all_roots(getattr(module, name)))


def with_all_roots(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, but given the roots of all providers that it is asked about.

    One of the arguments is the set of ids of trees and of the providers that share with them, of which
    those below another root would not be found.
    """
    import sqlalchemy
    from placement.db.sqlalchemy import models

    table = models.ResourceProvider.__table__

    def wider(context: Any, *rest: Any) -> Any:
        ids = next(value for value in rest if isinstance(value, set))
        query = sqlalchemy.select(table.c.root_provider_id).where(table.c.id.in_(ids))
        roots = ids | {row[0] for row in context.session.execute(query)}
        return function(context, *(roots if value is ids else value for value in rest))

    return wider


def main() -> None:
    # Placement's log goes to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="berth-oracle-") as directory:
        placement = Placement(directory, "--corrected" in sys.argv)
        for line in sys.stdin:
            verb, *rest = json.loads(line)
            answer = getattr(placement, verb)(*rest)
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
