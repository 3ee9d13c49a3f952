"""How long claims and health checks wait while others ask a server for much.

    python -m bench.latency [--database URL] [--hosts 40000] [--workers 1] [--seconds 8] [--only NAME ...]

Starts `berth serve` on an empty database with a fleet of flat hosts, and measures PUT /allocations and GET /healthz,
one at a time with a pause, first alone, then beside each load, and beside several. With several workers the kernel
chooses for each connection which one serves it; every probe opens several.
"""

import argparse
import http.client
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from berth.ledger import open_ledger
from berth.model.record import InventoryRecord, ProviderRecord
from berth.store import migrate
from berth.store.engine import Database

FORK = multiprocessing.get_context("fork")
HEADERS = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39", "content-type": "application/json"}
PAUSE_S = 0.01
CONNECTIONS = 4
READY_S = 120.0
AT_ONCE = 5_000
"""Hosts that are written at once."""

Ask = tuple[str, str, object]
"""Method, path and body of a request."""

NOTHING_FITS = {
    "groups": [
        {"resources": {"VCPU": 900, "MEMORY_MB": 5}},
        {"suffix": "_A", "resources": {"MEMORY_MB": 7}},
        {"suffix": "_B", "resources": {"MEMORY_MB": 70}},
    ]
}
LOADS: Mapping[str, Ask] = {
    "find": ("GET", "/allocation_candidates?resources=VCPU:1,MEMORY_MB:64", None),
    "export": ("GET", "/v1/records", None),
    "list": ("GET", "/resource_providers", None),
    "map": ("GET", "/v1/fleet/map", None),
    "refused": ("POST", "/v1/claims", {"request": NOTHING_FITS, "project": "p", "user": "u"}),
}
"""What others ask for, over and over, by name."""

ALL = ("find", "export", "refused")


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of each request of a probe, sorted."""

    seconds: Sequence[float]

    def quantile(self, share: float) -> float:
        """Return the time, in seconds, within which this share of the requests was answered."""
        return self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * share))]

    def __str__(self) -> str:
        values = ", ".join(f"{self.quantile(share) * 1e3:.1f}" for share in (0.5, 0.99, 1.0))
        return f"{values} ms (n={len(self.seconds)})"


# --- Clients, each a process of its own ---


def ask(connection: http.client.HTTPConnection, request: Ask) -> int:
    """Send one request, read its reply to the end, and return its status."""
    method, path, body = request
    connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
    reply = connection.getresponse()
    while reply.read(1 << 20):
        pass
    return reply.status


def repeat(port: int, request: Ask) -> None:
    """Ask for the same again and again, for ever."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        ask(connection, request)
        connection.close()


def probe(port: int, requests: Iterator[Ask], seconds: float, out: Connection) -> None:
    """Send requests with a pause after each, for some seconds; send the times of all through a pipe."""
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(CONNECTIONS)]
    times, ends, number = [], time.perf_counter() + seconds, 0
    while time.perf_counter() < ends:
        began = time.perf_counter()
        status = ask(connections[number % CONNECTIONS], next(requests))
        times.append(time.perf_counter() - began)
        assert status in (200, 204), status
        number += 1
        time.sleep(PAUSE_S)
    out.send(Times(sorted(times)))


def claims(hosts: Sequence[str]) -> Iterator[Ask]:
    """Yield claims of little, each by another consumer, over all hosts in turn."""
    number = 0
    while True:
        held = {hosts[number % len(hosts)]: {"resources": {"VCPU": 1, "MEMORY_MB": 64}}}
        body = {"project_id": "p", "user_id": "u", "consumer_generation": None, "consumer_type": "INSTANCE"}
        yield "PUT", f"/allocations/{uuid.uuid4()}", {"allocations": held, **body}
        number += 1


def healths() -> Iterator[Ask]:
    """Yield health checks without end."""
    while True:
        yield "GET", "/healthz", None


# --- Measuring ---


@contextmanager
def loaded(port: int, names: Sequence[str]) -> Iterator[None]:
    """Put these loads on a server inside of the context."""
    processes = [FORK.Process(target=repeat, args=(port, LOADS[name]), daemon=True) for name in names]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def measure(port: int, hosts: Sequence[str], seconds: float, names: Sequence[str] = ()) -> dict[str, Times]:
    """Return the times of claims and health checks beside these loads."""
    probes: dict[str, Callable[[], Iterator[Ask]]] = {"claim": lambda: claims(hosts), "health": healths}
    with loaded(port, names):
        time.sleep(0.5 if names else 0.0)
        pipes = {}
        for name, requests in probes.items():
            pipes[name], out = FORK.Pipe(duplex=False)
            FORK.Process(target=probe, args=(port, requests(), seconds, out), daemon=True).start()
        return {name: pipe.recv() for name, pipe in pipes.items()}


def fill(database: str, hosts: int) -> list[str]:
    """Write a fleet of flat hosts into an empty database, and return the uuids of some of them."""
    with closing(Database(database)) as empty:
        migrate.upgrade(empty)
    with open_ledger(database) as ledger:
        for first in range(0, hosts, AT_ONCE):
            ledger.put_records([host(number) for number in range(first, min(hosts, first + AT_ONCE))])
        return [provider.uuid for provider in ledger.providers()][:1_000]


def host(number: int) -> ProviderRecord:
    """Return one host."""
    inventories = {"VCPU": InventoryRecord(total=800), "MEMORY_MB": InventoryRecord(total=1_000_000)}
    return ProviderRecord(name=f"host-{number:06d}", inventories=inventories, traits=("HW_CPU_X86_AVX2",))


@contextmanager
def served(database: str, port: int, workers: int) -> Iterator[None]:
    """Run a server inside of the context."""
    words = ["serve", "--database", database, "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen([sys.executable, "-m", "berth", *words], stderr=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + READY_S
        while not is_ready(port) and time.monotonic() < ends:
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait()


def is_ready(port: int) -> bool:
    """Whether a server answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


def main(words: argparse.Namespace) -> None:
    """Measure, and print a line for each load."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = words.database or f"sqlite:///{Path(folder)}/ledger.db"
        hosts = fill(database, words.hosts)
        stack.enter_context(served(database, words.port, words.workers))
        for names in ([], *([name] for name in LOADS), list(ALL)):
            if words.only and names and "+".join(names) not in words.only:
                continue
            times = measure(words.port, hosts, words.seconds, names)
            shown = "   ".join(f"{name}: {each}" for name, each in times.items())
            print(f"{'+'.join(names) or 'idle':22} {shown}", flush=True)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(description="Times are the median, the 99th percentile and the longest.")
    made.add_argument("--database", help="a URL of an empty database; by default a file that is removed")
    made.add_argument("--hosts", type=int, default=40_000)
    made.add_argument("--workers", type=int, default=1)
    made.add_argument("--seconds", type=float, default=8.0)
    made.add_argument("--port", type=int, default=18_990)
    made.add_argument("--only", nargs="*", help="some of the loads, or several joined by +")
    return made


if __name__ == "__main__":
    main(parser().parse_args())
