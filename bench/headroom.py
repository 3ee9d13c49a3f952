"""Proof that the load generator is not the bottleneck: it is measured against a server that does nothing."""

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import claims
from bench.crowd import Rules, crowd
from bench.fleets import Fleet
from bench.servers import Server, free_address, start
from bench.single import Caller
from bench.wire import get

CLIENTS = (1, 8, 32)
SMALL, LARGE = 5_000, 1_000_000
"""Bytes of a reply with 10 candidates, and with 1,000 of them."""


@dataclass(frozen=True, slots=True)
class Headroom:
    """What the generator can do: claims a second by number of clients, and a find's round trip without a server's work.

    `reply_bytes` is the size of the reply of that round trip; `cpu_us` is what one claim costs the generator.
    """

    claims_per_s: dict[int, float]
    cpu_us: float
    small_ms: float
    large_ms: float
    reply_bytes: int

    def factor(self, clients: int, per_s: float) -> float:
        """How many times faster the generator can go than a measured rate, with that many clients."""
        return self.claims_per_s.get(clients, min(self.claims_per_s.values())) / per_s if per_s else 0.0


@contextmanager
def nothing(folder: Path, size: int) -> Iterator[Server]:
    """The server that does nothing, replying with bodies of one size."""
    address = free_address()
    command = [sys.executable, "-m", "bench.null_server", str(address.port), str(size)]
    env = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with start(command, address, env, folder / "null.log") as server:
        yield server


def measured(folder: Path, seconds: float = 1.0) -> Headroom:
    """Measure the generator itself."""
    hosts = Fleet("flat", 1000).first(1000)
    rates, cpu = {}, 0.0
    with nothing(folder, 2) as server:
        for number, clients in enumerate(CLIENTS):
            tally = crowd(server.address, clients, claims.endless(hosts, number, 0), Rules(seconds))
            rates[clients] = tally.done / tally.wall_s
            cpu = tally.cpu_s / tally.done * 1e6
    small, large = (round_trip(folder, size, seconds) for size in (SMALL, LARGE))
    return Headroom(rates, cpu, small, large, LARGE)


def round_trip(folder: Path, size: int, seconds: float) -> float:
    """The median time of one GET with a reply of this size, in milliseconds."""
    taken, until = [], time.perf_counter() + seconds
    with nothing(folder, size) as server, Caller(server.address, 10.0) as caller:
        request = get("/allocation_candidates?limit=10")
        while time.perf_counter() < until:
            taken.append(caller.call(request).seconds)
    return statistics.median(taken) * 1e3
