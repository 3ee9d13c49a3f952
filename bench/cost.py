"""`python -m bench.cost`: what is left of the claims a second with API tokens and the audit log.

Two servers with the same fleet: one with tokens and the log, one with neither (`bench.bare`). They are measured by
turns, so that whatever else happens on the machine happens to both. The processor time of each is told as well: it
depends less on what else runs.
"""

import argparse
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import claims
from bench.berth import Berth
from bench.crowd import Feed, MakeFeeds, Rules, crowd
from bench.databases import MariaDb, Postgres
from bench.fleets import Fleet
from bench.loading import load
from bench.machine import used
from bench.servers import Server

ROOT = Path(__file__).parent.parent
KEPT = 0.8
"""The share of the claims a second that has to be left."""

HOSTS = 1_000
FIRST_ROW = 900
"""Where the consumers' uuids begin that this run makes."""

UPGRADE_S = 60.0

BARE, WHOLE = "with neither", "with both"


@dataclass(slots=True)
class Side:
    """One of the two servers. done, seconds, cpu_s: claims, time and processor time so far, by number of clients."""

    server: Server
    token: str
    done: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    cpu_s: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def claim(self, hosts: list[str], row: int, clients: int, seconds: float) -> None:
        """Claim for so long. SystemExit if anything but claims came of it."""
        before = used()
        tally = crowd(self.server.address, clients, self.feeds(hosts, row), Rules(seconds))
        if set(tally.statuses) != {204} or tally.unanswered:
            raise SystemExit(f"{dict(tally.statuses)}, {tally.unanswered} unanswered: {tally.refusals[:1]}")
        self.done[clients] += tally.done
        self.seconds[clients] += tally.wall_s
        self.cpu_s[clients] += used().since(before, [self.server.session])

    def feeds(self, hosts: list[str], row: int) -> MakeFeeds:
        """Claims with this side's token."""

        def feed(plain: Feed) -> Iterator[bytes]:
            for request in plain:
                yield request.replace(b"x-auth-token: admin", f"x-auth-token: {self.token}".encode(), 1)

        made = claims.endless(hosts, row, 0)
        return lambda first, count: [feed(each) for each in made(first, count)]

    def rate(self, clients: int) -> float:
        """Claims a second."""
        return self.done[clients] / self.seconds[clients]

    def cpu_ms(self, clients: int) -> float:
        """Milliseconds of processor time for each claim."""
        return self.cpu_s[clients] * 1e3 / self.done[clients]


class Stage:
    """The two servers, each with the same fleet in a database of its own. url: of a new database."""

    def __init__(self, folder: Path, url: Callable[[str], str]) -> None:
        self.berth = Berth(Path(sys.executable), folder)
        self.urls = {side: url(f"side{number}") for number, side in enumerate((BARE, WHOLE))}
        secret = folder / "secret"
        secret.touch(0o600)
        secret.write_bytes(secrets.token_bytes(32))
        os.environ["BERTH_SECRET_FILE"] = str(secret)  # of the servers, and of whoever makes their tokens

    def load(self, fleet: Fleet) -> None:
        """Make the fleet."""
        for url in self.urls.values():
            self.berth.run(["db", "upgrade", "--database", url], UPGRADE_S)
            with self.berth.serve(url) as server:
                load(server.address, fleet)

    def serve(self, side: str) -> Side:
        """Start one of the two."""
        url = self.urls[side]
        if side == BARE:
            return Side(replace(self.berth, module="bench.bare").serve(url), "anybody")
        return Side(self.berth.serve(url, auth="token"), self.token(url))

    def token(self, url: str) -> str:
        """A new token that may claim."""
        words = ["token", "create", "--name", "bench", "--role", "admin", "--database", url, "--json"]
        done = subprocess.run([*self.berth.command, *words], capture_output=True, text=True, check=True, timeout=60)
        return str(json.loads(done.stdout)["text"])


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """The URLs of new databases of a kind, by what they are for; gone again afterwards."""
    with ExitStack() as stack:
        if kind == "postgresql":
            postgres = stack.enter_context(Postgres().swept())
            yield lambda purpose: postgres.url("psycopg", postgres.create(purpose))
        elif kind == "mariadb":
            mariadb = stack.enter_context(MariaDb().swept())
            yield lambda purpose: mariadb.url(mariadb.create(purpose))
        else:
            yield lambda purpose: f"sqlite:///{folder / purpose}.db"


def parser() -> argparse.ArgumentParser:
    """The flags."""
    made = argparse.ArgumentParser("python -m bench.cost", description=__doc__)
    add = made.add_argument
    add("--rounds", type=int, default=10, help="how often each server has its turn (default: 10)")
    add("--seconds", type=float, default=3.0, metavar="S", help="how long each turn is (default: 3)")
    add("--clients", type=int, nargs="+", default=[32, 8, 1], metavar="N", help="default: 32 8 1")
    add("--database", choices=("sqlite", "postgresql", "mariadb"), default="sqlite")
    add("--strict", action="store_true", help=f"exit with 1 if less than {KEPT:.0%} is left")
    return made


def measured(stage: Stage, flags: argparse.Namespace) -> dict[str, Side]:
    """Both sides, after all their turns."""
    fleet = Fleet("flat", HOSTS)
    hosts = fleet.first(HOSTS)
    stage.load(fleet)
    rows = itertools.count(FIRST_ROW)
    with ExitStack() as stack:
        sides = {name: stage.serve(name) for name in (BARE, WHOLE)}
        for side in sides.values():
            stack.enter_context(side.server)
        for turn in range(-1, flags.rounds):
            order = list(sides.values())
            for clients in flags.clients:
                for side in order if turn % 2 else reversed(order):
                    side.claim(hosts, next(rows), clients, flags.seconds if turn >= 0 else 1.0)
            if turn < 0:  # that was to warm up
                for side in sides.values():
                    for counted in (side.done, side.seconds, side.cpu_s):
                        counted.clear()
    return sides


def told(sides: dict[str, Side], clients: int) -> str:
    """A line about both sides."""
    bare, whole = sides[BARE], sides[WHOLE]
    return (
        f"{clients:3} clients: {bare.rate(clients):7,.0f} claims/s {BARE}, {whole.rate(clients):7,.0f} {WHOLE}:"
        f" {kept(sides, clients):6.1%} left; processor {bare.cpu_ms(clients):.3f} and {whole.cpu_ms(clients):.3f}"
        f" ms a claim: {bare.cpu_ms(clients) / whole.cpu_ms(clients):6.1%}"
    )


def kept(sides: dict[str, Side], clients: int) -> float:
    """The share of the claims a second that is left."""
    return sides[WHOLE].rate(clients) / sides[BARE].rate(clients)


def main() -> int:
    """Run and tell. The exit status is 1 with --strict if too little is left."""
    flags = parser().parse_args()
    (ROOT / "build").mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cost-", dir=ROOT / "build")))
        sides = measured(Stage(folder, stack.enter_context(databases(flags.database, folder))), flags)
    for clients in flags.clients:
        print(told(sides, clients))
    return int(flags.strict and any(kept(sides, clients) < KEPT for clients in flags.clients))


if __name__ == "__main__":
    sys.exit(main())
