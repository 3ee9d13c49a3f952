"""Every trial by name: the databases it runs on, and its number of rounds in the long and the short form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from berth.store import migrate
from berth.store.engine import Database
from tests.suites.torture.clusters import STRIKES, crowd, race_behind_proxy, race_on_nodes, read_causally
from tests.suites.torture.forks import fork_all
from tests.suites.torture.isolation import SCENARIOS, interleave
from tests.suites.torture.kills import kill_database, kill_servers, stop_servers
from tests.suites.torture.lease_holders import hold_leases
from tests.suites.torture.network import disturb
from tests.suites.torture.patroni import FAILOVERS
from tests.suites.torture.racers import race
from tests.support.databases import KINDS, SERVER_KINDS, empty_database
from tests.support.servers import server_group

RACERS = 64


@dataclass(frozen=True, slots=True)
class Trial:
    """run: takes a kind of database, a folder and the number of rounds; returns what was wrong.

    short: 0 for a trial that only the long form has: it needs minutes, or programs that not every machine has.
    short_kinds: the databases of the short form.
    """

    name: str
    about: str
    kinds: tuple[str, ...]
    full: int
    short: int
    run: Callable[[str, Path, int], list[str]]
    short_kinds: tuple[str, ...] = KINDS


def _racers(kind: str, folder: Path, rounds: int) -> list[str]:
    with empty_database(kind, folder) as url, server_group(url, folder, 3) as servers:
        return race(servers, RACERS, rounds)


def _kill(kind: str, folder: Path, rounds: int) -> list[str]:
    with empty_database(kind, folder) as url:
        return kill_servers(url, folder, rounds)


def _stop(kind: str, folder: Path, rounds: int) -> list[str]:
    with empty_database(kind, folder) as url:
        return stop_servers(url, folder, rounds, stop_s=3)


def _network(kind: str, folder: Path, rounds: int) -> list[str]:
    with empty_database(kind, folder) as url:
        return disturb(url, folder, rounds)


def _leases(kind: str, folder: Path, rounds: int) -> list[str]:
    with empty_database(kind, folder) as url:
        return hold_leases(url, folder, rounds)


def _isolation(kind: str, folder: Path, rounds: int) -> list[str]:
    """Interleave transactions. rounds: the most orders of three transactions; all orders of two are always run."""
    found: list[str] = []
    with empty_database(kind, folder) as url:
        database = Database(url)
        migrate.upgrade(database)
        database.close()
        for scenario in SCENARIOS:
            wrong, tried = interleave(url, scenario, rounds)
            print(f"{scenario.name}: {tried} orders")
            found += wrong
    return found


def _fork(_kind: str, _folder: Path, longest: int) -> list[str]:
    """Plant forks in a pair whose standby is asynchronous, and in one whose standby is synchronous."""
    return [f"{form}: {finding}" for form in FORMS for finding in fork_all(form == "synchronous", longest)]


FORMS = ("asynchronous", "synchronous")

TRIALS = (
    Trial("racers", "N+1 clients for N slots through 3 processes", KINDS, 100, 1, _racers),
    Trial("kill", "kill -9 of server processes under load", KINDS, 200, 2, _kill),
    Trial("kill-database", "kill -9 of the database under load", SERVER_KINDS, 50, 1, kill_database),
    Trial("stop", "SIGSTOP of server processes under load", KINDS, 20, 1, _stop),
    Trial("leases", "leases renewed, left and late; servers killed and stopped", KINDS, 30, 2, _leases, ("sqlite",)),
    Trial("network", "connections cut, delayed and stalled", SERVER_KINDS, 100, 3, _network),
    Trial("fork", "a standby that lags is promoted; changes lost, by number", ("postgresql",), 5, 1, _fork),
    Trial("galera-reads", "reads through a node what was written on another", ("mariadb",), 100, 0, read_causally),
    Trial("galera-racers", "racers on three nodes", ("mariadb",), 50, 0, race_on_nodes),
    Trial("galera-haproxy-racers", "racers on three nodes behind HAProxy", ("mariadb",), 50, 0, race_behind_proxy),
    Trial("galera-crowd", "seconds of claims on three nodes: few 503", ("mariadb",), 60, 0, crowd),
    *(Trial(f"galera-{name}", "a blow to a node, or all", ("mariadb",), 2, 0, run) for name, run in STRIKES.items()),
    *(
        Trial(f"patroni-{name}", "a blow to Patroni's leader", ("postgresql",), 2, 0, run)
        for name, run in FAILOVERS.items()
    ),
    Trial("isolation", "writes interleaved in every order of their steps", KINDS, 90, 3, _isolation),
)
