"""SIGKILL of server processes, and of the database, under load."""

from __future__ import annotations

import itertools
import json
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.suites.torture.audit_log import Follower, broken_records
from tests.suites.torture.instances import instance
from tests.suites.torture.load import Load, make_load, running
from tests.support.commands import run_berth
from tests.support.servers import Server, token_server_group
from tests.support.statement_recording.berth_loop import unrecorded

CLIENTS = 12

Blows = Iterator[None]
"""One blow after the other: after each, the log is looked at."""


def kill_servers(database: str, folder: Path, rounds: int, seed: int = 1) -> list[str]:
    """Kill a server, or one of its workers, in each round, and let it come back. Return what was wrong."""
    chance = random.Random(seed)

    def torment(servers: Sequence[Server]) -> Blows:
        for turn in range(rounds):
            victim = servers[turn % len(servers)]
            victim.revive()  # it was killed in an earlier round, and the others went on meanwhile
            time.sleep(chance.uniform(0.05, 0.4))
            if chance.random() < 0.5 or not victim.kill_worker():
                victim.kill()
                victim.start()
            yield

    return _under_load(database, folder, torment, 2, "--workers", "2")


def kill_database(kind: str, folder: Path, rounds: int, seed: int = 1) -> list[str]:
    """Kill the database in each round and start it again, while the servers run. Return what was wrong."""
    chance = random.Random(seed)
    with instance(kind) as database:

        def torment(_servers: Sequence[Server]) -> Blows:
            for _ in range(rounds):
                time.sleep(chance.uniform(0.2, 1))
                database.kill()
                time.sleep(chance.choice((0, 0.3)))
                database.start()
                yield

        return _under_load(database.url("berth"), folder, torment)


def stop_servers(database: str, folder: Path, rounds: int, stop_s: float) -> list[str]:
    """Stop a server (SIGSTOP) in each round, and let it continue. Return what was wrong."""

    def torment(servers: Sequence[Server]) -> Blows:
        for victim in itertools.islice(itertools.cycle(servers), rounds):
            victim.signal(signal.SIGSTOP)
            time.sleep(stop_s)
            victim.signal(signal.SIGCONT)
            time.sleep(0.5)
            yield

    with unrecorded():
        return _under_load(database, folder, torment)


def _under_load(
    database: str, folder: Path, torment: Callable[[Sequence[Server]], Blows], count: int = 3, *more: str
) -> list[str]:
    """Disturb this many servers, with these further options, under load. Return what was wrong."""
    with token_server_group(database, folder, count, *more) as servers:
        return disturb_under_load(database, folder, servers, torment(servers))


def disturb_under_load(judge: str, folder: Path, servers: Sequence[Server], blows: Blows) -> list[str]:
    """Disturb servers again and again under load. Return what was wrong, after each time or at the end.

    judge: the URL of the database, without a proxy between.
    """
    load, found = make_load(servers), list[str]()
    with closing(Follower(judge)) as follower:
        with running(load, CLIENTS):
            for number, _ in enumerate(blows):
                found += [f"blow {number}: {finding}" for finding in follower.look()]
        for server in servers:
            server.revive()
        return [*found, *follower.look(), *check_everything(load, judge, folder)]


def check_everything(load: Load, database: str, folder: Path) -> list[str]:
    """Run the independent checkers, `berth db verify` and `berth audit verify`, and check that there was load."""
    events = load.history.events
    load.history.save(folder / "history.jsonl")
    found = [*load.check(), *verification_failures(database)]
    found += broken_records(events, audit_records(database))
    counted = {name: sum(event.outcome == name for event in events if event.writes) for name in ("done", "refused")}
    found_place = sum(event.outcome == "done" for event in events if event.operation == "find")
    unknown = sum(event.outcome == "unknown" for event in events)
    print(
        f"{counted['done']} writes acknowledged ({found_place} of them by /v1/claims), "
        f"{counted['refused']} refused, {unknown} requests without an answer"
    )
    return found if counted["done"] and found_place else [*found, "nothing was ever acknowledged"]


def verification_failures(database: str) -> list[str]:
    """Return what `berth db verify` and `berth audit verify` say if they fail."""
    verified = [run_berth(each, "verify", "--database", database, status=None) for each in ("db", "audit")]
    return [each.stdout + each.stderr for each in verified if each.returncode]


def audit_records(database: str) -> list[dict[str, Any]]:
    """Return the whole audit log, as the command line prints it."""
    told = run_berth("audit", "list", "--json", "--limit", "10000000", "--database", database).stdout
    return [json.loads(line) for line in told.splitlines()]
