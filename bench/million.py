"""One million hosts: loaded with `berth import`, then started, weighed and asked."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.berth import Berth
from bench.fleets import Fleet, Provider
from bench.loading import inventory
from bench.machine import resident_mib
from bench.measure import p99
from bench.rows import BASE
from bench.single import Caller
from bench.wire import get

FEW, MANY = 10_000, 1_000_000
START_S, RESIDENT_MIB, P99_MS, GROWTH = 60.0, 2048.0, 50.0, 10.0
"""The targets: seconds to the first answer, MiB, milliseconds, and the median's growth from few to many."""

IMPORT_LIMIT_S = 1800.0
READY_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Size:
    """What a Berth with so many hosts does. `start_s` is until the first candidates have been given."""

    hosts: int
    import_s: float
    start_s: float
    resident_mib: float
    database_mib: float
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Million:
    """Few and many hosts, side by side."""

    few: Size
    many: Size

    @property
    def growth(self) -> float:
        """How many times longer the median find takes with many hosts."""
        return self.many.median_ms / self.few.median_ms

    def lines(self) -> list[str]:
        """What was found, a line for each target."""
        many = self.many
        return [
            f"{many.hosts:,} hosts: start {many.start_s:.1f} s "
            f"(target {START_S:.0f} s: {said(many.start_s <= START_S)})",
            f"resident memory {many.resident_mib:,.0f} MiB "
            f"(target {RESIDENT_MIB:,.0f} MiB: {said(many.resident_mib <= RESIDENT_MIB)})",
            f"candidates, limit=10: median {many.median_ms:.2f} ms, p99 {many.p99_ms:.2f} ms "
            f"(target {P99_MS:.0f} ms: {said(many.p99_ms <= P99_MS)})",
            f"{self.few.hosts:,} to {many.hosts:,} hosts: the median grows {self.growth:.1f} times, from "
            f"{self.few.median_ms:.2f} ms (target {GROWTH:.0f} times: {said(self.growth <= GROWTH)})",
            f"`berth import` took {many.import_s:,.0f} s, {many.hosts / many.import_s:,.0f} hosts a second; "
            f"the database is {many.database_mib:,.0f} MiB",
        ]


def said(is_met: bool) -> str:
    return "met" if is_met else "**not met**"


def measured(berth: Berth, folder: Path, seconds: float, tell: Callable[[str], None]) -> Million:
    """Measure both sizes, on SQLite."""
    few, many = (size(berth, folder, hosts, seconds, tell) for hosts in (FEW, MANY))
    return Million(few, many)


def size(berth: Berth, folder: Path, hosts: int, seconds: float, tell: Callable[[str], None]) -> Size:
    """Import, start, weigh and ask a Berth with so many hosts."""
    lines, database = folder / f"{hosts}.jsonl", folder / f"{hosts}.db"
    write(lines, Fleet("flat", hosts))
    tell(f"{hosts:,} hosts: {lines.stat().st_size / 2**20:,.0f} MiB of JSON Lines; importing")
    url, begun = f"sqlite:///{database}", time.perf_counter()
    berth.run(["import", str(lines), "--database", url], limit_s=IMPORT_LIMIT_S)
    imported = time.perf_counter() - begun
    lines.unlink()
    request = get(f"/allocation_candidates?{BASE}&limit=10")
    with berth.serve(url) as server, Caller(server.address, READY_LIMIT_S) as caller:
        first = caller.call(request)
        taken: list[float] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and len(taken) < 2000:
            taken.append(caller.call(request).seconds)
        weight = resident_mib(server.session)
        started = server.ready_s + first.seconds
    stored = database.stat().st_size / 2**20
    for left in folder.glob(database.name + "*"):
        left.unlink()
    found = Size(hosts, imported, started, weight, stored, statistics.median(taken) * 1e3, p99(taken))
    tell(f"{hosts:,} hosts: {found}")
    return found


def write(path: Path, fleet: Fleet) -> None:
    """The fleet's providers as JSON Lines, in the form that `berth import` reads."""
    with path.open("w") as out:
        out.writelines(json.dumps(record(p)) + "\n" for p in providers(fleet))


def providers(fleet: Fleet) -> Iterator[Provider]:
    return (provider for host in fleet for provider in host.providers)


def record(provider: Provider) -> dict[str, object]:
    """One line: a provider with all that it has."""
    line: dict[str, object] = {
        "name": provider.name,
        "uuid": provider.uuid,
        "inventories": {name: inventory(has) for name, has in provider.inventories.items()},
        "traits": list(provider.traits),
        "aggregates": list(provider.aggregates),
    }
    if provider.parent is not None:
        line["parent"] = provider.parent
    return line
