"""kill -9 of server processes, and of the database, under load."""

from __future__ import annotations

import itertools
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.torture.instances import instance
from tests.torture.load import Load, make_load, running
from tests.torture.servers import Served, berth, serving

CLIENTS = 12


def kill_servers(database: str, folder: Path, rounds: int, seed: int = 1) -> list[str]:
    """Each round kills a server (or one of its workers), and lets it come back. Returns what was wrong."""
    chance = random.Random(seed)

    def torment(servers: Sequence[Served]) -> None:
        for turn in range(rounds):
            victim = servers[turn % len(servers)]
            time.sleep(chance.uniform(0.05, 0.4))
            if chance.random() < 0.3 and victim.kill_worker():
                continue
            victim.kill()
            victim.start()
            victim.wait()

    return _under_load(database, folder, torment, 2, "--workers", "2")


def kill_database(kind: str, folder: Path, rounds: int, seed: int = 1) -> list[str]:
    """Each round kills the database, and starts it again; the servers run on. Returns what was wrong."""
    chance = random.Random(seed)
    with instance(kind) as database:

        def torment(servers: Sequence[Served]) -> None:
            for _ in range(rounds):
                time.sleep(chance.uniform(0.2, 1))
                database.kill()
                time.sleep(chance.choice((0, 0.3)))
                database.start()

        return _under_load(database.url("berth"), folder, torment)


def stop_servers(database: str, folder: Path, rounds: int, stop_s: float) -> list[str]:
    """Each round stops a server in the middle of what it does, and lets it go on. Returns what was wrong."""

    def torment(servers: Sequence[Served]) -> None:
        for victim in itertools.islice(itertools.cycle(servers), rounds):
            victim.signal(signal.SIGSTOP)
            time.sleep(stop_s)
            victim.signal(signal.SIGCONT)
            time.sleep(0.5)

    return _under_load(database, folder, torment)


def _under_load(
    database: str, folder: Path, torment: Callable[[Sequence[Served]], None], count: int = 3, *more: str
) -> list[str]:
    """So many servers, with more words on their command line, are tormented while clients are at work."""
    with serving(database, folder, count, *more) as servers:
        load = make_load(servers)
        with running(load, CLIENTS):
            torment(servers)
        for server in servers:
            server.wait()
        return judged(load, database, folder)


def judged(load: Load, database: str, folder: Path) -> list[str]:
    """What the independent checker says, and `berth db verify`; and whether there was any load at all."""
    load.history.save(folder / "history.jsonl")
    found = load.check()
    verified = berth("db", "verify", "--database", database, status=None)
    if verified.returncode:
        found.append(verified.stdout + verified.stderr)
    done = sum(event.outcome == "done" and event.operation == "write" for event in load.history.events)
    unknown = sum(event.outcome == "unknown" for event in load.history.events)
    refused = sum(event.outcome == "refused" for event in load.history.events)
    print(f"{done} writes acknowledged, {refused} refused, {unknown} requests without an answer")
    return found if done else [*found, "nothing was ever acknowledged"]
