"""Who is measured: Placement in two configurations and Berth on one or two databases, each on a scenario's fleet."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import placement_sql
from bench.berth import Berth
from bench.crowd import Tally
from bench.databases import Postgres
from bench.loading import load
from bench.placement import Placement
from bench.rows import Scenario
from bench.servers import NotStarted, Server
from bench.wire import Address

STARTS = 3
"""How often a killed server is started again before the fleet is given up."""

TITLES = {
    "placement": "Placement",
    "placement-tuned": "Placement, tuned",
    "berth-sqlite": "Berth (SQLite)",
    "berth-postgresql": "Berth (PostgreSQL)",
}


@dataclass(slots=True)
class Stand:
    """One configuration of one server, running on a loaded fleet. `loading` is what REST loading took."""

    key: str
    begin: Callable[[], Server]
    server: Server
    loading: Tally | None = None

    @property
    def address(self) -> Address:
        return self.server.address

    @property
    def is_berth(self) -> bool:
        return self.key.startswith("berth")

    def restart(self) -> None:
        """Kill it as a crash would, and start it again on the same database."""
        self.server.kill()
        for attempt in range(STARTS):
            try:
                self.server = self.begin()
            except NotStarted:
                if attempt == STARTS - 1:
                    raise
            else:
                return


@contextmanager
def running(key: str, begin: Callable[[], Server]) -> Iterator[Stand]:
    """A stand that is stopped in the end, also after restarts."""
    stand = Stand(key, begin, begin())
    try:
        yield stand
    finally:
        stand.server.stop()


class PlacementSide:
    """Placement on PostgreSQL or SQLite; its two configurations share a scenario's database."""

    def __init__(self, placement: Placement, postgres: Postgres | None, folder: Path) -> None:
        self.placement = placement
        self.postgres = postgres
        self.folder = folder
        self.template = ""

    def migrated(self) -> str:
        """A PostgreSQL database with tables, classes and traits, made once and copied for each scenario."""
        assert self.postgres is not None
        if not self.template:
            name = self.postgres.create("template")
            configuration = self.placement.configure("template", self.postgres.url("psycopg2", name), tuned=False)
            self.placement.migrate(configuration)
            self.placement.serve(configuration).stop()
            self.template = name
        return self.template

    def database(self, scenario: Scenario) -> tuple[str, str]:
        """(URL, psycopg conninfo) of a fresh, migrated database; no conninfo on SQLite."""
        if self.postgres is None:
            return f"sqlite:///{self.folder / scenario.key}-placement.db", ""
        name = self.postgres.create(f"placement_{scenario.key}", self.migrated())
        return self.postgres.url("psycopg2", name), self.postgres.conninfo(name)

    @contextmanager
    def stands(self, scenario: Scenario) -> Iterator[list[Stand]]:
        """The scenario's fleet in a fresh database, with one or two configurations serving it."""
        url, conninfo = self.database(scenario)
        shipped = self.placement.configure(f"{scenario.key}-shipped", url, tuned=False)
        tuned = self.placement.configure(f"{scenario.key}-tuned", url, tuned=True)
        if self.postgres is None:
            self.placement.migrate(shipped)
        with ExitStack() as stack:
            first = stack.enter_context(running("placement", lambda: self.placement.serve(shipped)))
            first.loading = self.fill(first, scenario, conninfo)
            found = [first]
            if scenario.tuned:
                found.append(stack.enter_context(running("placement-tuned", lambda: self.placement.serve(tuned))))
            yield found

    def fill(self, stand: Stand, scenario: Scenario, conninfo: str) -> Tally | None:
        """Load the fleet over REST, or as rows where that would take too long."""
        if scenario.bulk and conninfo:
            placement_sql.load(conninfo, scenario.fleet)
            return None
        tally = load(stand.address, scenario.fleet)
        if conninfo:
            placement_sql.settle(conninfo)
        return tally


class BerthSide:
    """Berth on SQLite or PostgreSQL; its fleet always comes over REST."""

    def __init__(self, berth: Berth, postgres: Postgres | None, folder: Path) -> None:
        self.berth = berth
        self.postgres = postgres
        self.folder = folder
        self.key = "berth-sqlite" if postgres is None else "berth-postgresql"

    def database(self, scenario: Scenario) -> str:
        """The URL of a fresh database, with Berth's tables where serving does not make them."""
        if self.postgres is None:
            path = self.folder / f"{scenario.key}-berth.db"
            for old in self.folder.glob(path.name + "*"):
                old.unlink()
            return f"sqlite:///{path}"
        name = self.postgres.create(f"berth_{scenario.key}")
        url = self.postgres.url("psycopg", name)
        self.berth.run(["db", "upgrade", "--database", url], limit_s=60)
        return url

    @contextmanager
    def stands(self, scenario: Scenario) -> Iterator[list[Stand]]:
        """The scenario's fleet in a fresh database, and Berth serving it."""
        url = self.database(scenario)
        with running(self.key, lambda: self.berth.serve(url)) as stand:
            stand.loading = load(stand.address, scenario.fleet)
            yield [stand]


Side = PlacementSide | BerthSide
