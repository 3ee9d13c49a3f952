"""A fleet as rows of Placement's own tables, for fleets that take its REST API ten minutes and more.

The rows are those that the REST calls of `loading` leave behind (generations, ids and all): a run compares what the
servers answer about some of the hosts before it measures anything.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.fleets import Fleet, Host, Provider
from bench.loading import described

Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]

TABLES = {
    "resource_providers": "id, uuid, name, generation, root_provider_id, parent_provider_id",
    "inventories": "resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, "
    "allocation_ratio",
    "resource_provider_traits": "trait_id, resource_provider_id",
    "placement_aggregates": "id, uuid",
    "resource_provider_aggregates": "resource_provider_id, aggregate_id",
    "projects": "id, external_id",
    "users": "id, external_id",
    "consumer_types": "id, name",
    "consumers": "uuid, project_id, user_id, generation, consumer_type_id",
    "allocations": "resource_provider_id, consumer_id, resource_class_id, used",
}
"""Every table that is written, in the order its references ask for, with the columns that are given."""

NUMBERED = ("resource_providers", "placement_aggregates", "projects", "users", "consumer_types")
"""Tables whose ids are given here; their sequences are moved on."""


class Numbers:
    """Names to consecutive ids from 1."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}

    def __call__(self, name: str) -> int:
        return self.ids.setdefault(name, len(self.ids) + 1)

    def rows(self) -> Iterator[Row]:
        """(id, name) of all names seen."""
        return ((number, name) for name, number in self.ids.items())


class Rows:
    """The rows of a fleet, per table, growing host by host."""

    def __init__(self, classes: dict[str, int], traits: dict[str, int]) -> None:
        self.classes = classes
        self.traits = traits
        self.tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.providers = Numbers()
        self.aggregates = Numbers()
        self.projects = Numbers()
        self.users = Numbers()

    def host(self, host: Host) -> None:
        """Add a host's rows."""
        touched = set(host.held.resources) if host.held else set()
        root = self.providers(host.providers[0].uuid)
        for provider in host.providers:
            self.provider(provider, root, provider.uuid in touched)
        if host.held is not None:
            self.held(host)

    def provider(self, provider: Provider, root: int, touched: bool) -> None:
        number = self.providers(provider.uuid)
        generation = sum(1 for _ in described(provider)) + touched
        parent = self.providers(provider.parent) if provider.parent else None
        add = self.tables
        add["resource_providers"].append((number, provider.uuid, provider.name, generation, root, parent))
        for name, has in provider.inventories.items():
            add["inventories"].append(
                (number, self.classes[name], has.total, has.reserved, 1, has.largest, 1, has.allocation_ratio)
            )
        add["resource_provider_traits"] += [(self.traits[name], number) for name in provider.traits]
        add["resource_provider_aggregates"] += [(number, self.aggregates(name)) for name in provider.aggregates]

    def held(self, host: Host) -> None:
        assert host.held is not None
        claim = host.held
        self.tables["consumers"].append((claim.consumer, self.projects(claim.project), self.users(claim.user), 1, 1))
        for provider, amounts in claim.resources.items():
            for name, used in amounts.items():
                row = (self.providers(provider), claim.consumer, self.classes[name], used)
                self.tables["allocations"].append(row)

    def finished(self) -> dict[str, list[Row]]:
        """The rows of every table."""
        self.tables["placement_aggregates"] = list(self.aggregates.rows())
        self.tables["projects"] = list(self.projects.rows())
        self.tables["users"] = list(self.users.rows())
        self.tables["consumer_types"] = [(1, "INSTANCE")]
        return self.tables


def load(conninfo: str, fleet: Fleet) -> int:
    """Fill an empty Placement database (PostgreSQL) whose classes and traits are there. Returns the number of rows."""
    with psycopg.connect(conninfo) as db:
        rows = Rows(named(db, "resource_classes"), named(db, "traits"))
        for host in fleet:
            rows.host(host)
        written = sum(copy(db, table, found) for table, found in rows.finished().items())
        for table in NUMBERED:
            db.execute(
                f"SELECT setval('{table}_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)".encode()
            )
    settle(conninfo)
    return written


def settle(conninfo: str) -> None:
    """Leave nothing of loading to be done while something is measured: statistics, dead rows, a checkpoint."""
    with psycopg.connect(conninfo, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
        db.execute("CHECKPOINT")


def named(db: Connection, table: str) -> dict[str, int]:
    """Names to ids of a catalogue that Placement has filled."""
    return dict(db.execute(f"SELECT name, id FROM {table}".encode()).fetchall())


def copy(db: Connection, table: str, rows: Iterable[Row]) -> int:
    """COPY rows into a table with the time of now as their creation. Returns how many."""
    now = datetime.now(UTC).replace(tzinfo=None)
    statement = f"COPY {table} (created_at, updated_at, {TABLES[table]}) FROM STDIN"
    count = 0
    with db.cursor() as cursor, cursor.copy(statement.encode()) as out:
        for row in rows:
            out.write_row((now, now, *row))
            count += 1
    return count
