"""A run: scenario by scenario, every server on the same fleet; row by row, the servers take turns."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.fleets import Fleet
from bench.loading import LoadRefused
from bench.machine import Used, flushes, used
from bench.measure import Budget, Figure, measure
from bench.rows import AfterWrite, Find, Loading, Row, Scenario, Target
from bench.servers import NotStarted
from bench.single import Caller, Cut
from bench.stands import Side, Stand
from bench.wire import get

QUIET_S = 0.2
"""Between two turns, so that what one server does after its last answer is not counted against the other."""

NUMBERS = 1024
"""Distance of the numbers given to two measurements: each may use as many for its consumers."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A figure and what else happened while it was measured.

    `idle_cores`: used by the servers whose turn it was not; `other_cores`: by what is no part of the benchmark.
    """

    figure: Figure
    idle_cores: float = 0.0
    other_cores: float = 0.0
    flushes_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """A row with every server's turn, by the server's key."""

    scenario: str
    title: str
    target: Target
    turns: dict[str, Turn]
    alone: str = ""


@dataclass(slots=True)
class Run:
    """What is measured, how long each part may take, and whom to tell."""

    scenarios: Sequence[Scenario]
    sides: Sequence[Side]
    budget: Budget
    tell: Callable[[str], None]
    results: list[Result] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    numbers: int = 0

    def go(self) -> None:
        """Measure everything, one scenario after the other."""
        for scenario in self.scenarios:
            begun = time.perf_counter()
            try:
                self.measure(scenario)
            except (NotStarted, LoadRefused) as error:
                self.unlike.append(f"{scenario.title}: given up, {error}")
                self.tell(self.unlike[-1])
            self.tell(f"{scenario.title}: {time.perf_counter() - begun:.0f} s in all")

    def measure(self, scenario: Scenario) -> None:
        """Start every server, load them alike, and measure row by row. Raises NotStarted and LoadRefused."""
        with ExitStack() as stack:
            self.tell(f"{scenario.title}: loading")
            stands = [s for side in self.sides for s in stack.enter_context(side.stands(scenario))]
            self.unlike += [f"{scenario.title}: {what}" for what in differences(stands, scenario.fleet)]
            for row in scenario.rows:
                self.result(scenario, row, stands)

    def result(self, scenario: Scenario, row: Row, stands: Sequence[Stand]) -> None:
        """Measure a row on every server that it is for."""
        hosts = scenario.fleet.first(scenario.fleet.hosts)
        turns = {stand.key: self.turn(row, stand, stands, hosts) for stand in asked(row, stands)}
        if turns:
            alone = row.alone if isinstance(row, Find) else ""
            self.results.append(Result(scenario.title, row.title, row.target, turns, alone))

    def turn(self, row: Row, stand: Stand, stands: Sequence[Stand], hosts: Sequence[str]) -> Turn:
        """Measure a row on one server, and look at who else worked meanwhile."""
        self.numbers += NUMBERS
        if not isinstance(row, Loading):  # which was measured while it was done
            time.sleep(QUIET_S)
        before, synced, begun = used(), flushes(), time.perf_counter()
        try:
            figure = measure(row, stand, hosts, self.numbers, self.budget)
        except (OSError, Cut) as error:
            figure = Figure("ms" if isinstance(row, Find | AfterWrite) else "per_s", 0, 0, 0, wrong=f"{error!r}")
            stand.restart()
        wall, after = time.perf_counter() - begun, used()
        turn = Turn(figure)
        if not isinstance(row, Loading):
            turn = Turn(figure, *busy(before, after, stand, stands, wall), (flushes() - synced) / wall)
        self.tell(f"  {row.title}: {stand.key} {said(figure)}")
        return turn


def busy(before: Used, after: Used, stand: Stand, stands: Sequence[Stand], wall: float) -> tuple[float, float]:
    """Cores used by the servers that were to be idle, and by others than the benchmark."""
    idle = [s.server.session for s in stands if s is not stand]
    ours = [*idle, stand.server.session, after.own]
    return after.since(before, idle) / wall, after.elsewhere(before, ours) / wall


def asked(row: Row, stands: Sequence[Stand]) -> Iterator[Stand]:
    """The servers that a row is for: the tuned Placement only finds, and some rows are not put to Placement at all."""
    for stand in stands:
        if isinstance(row, Find):
            if stand.is_berth or not row.alone:
                yield stand
        elif isinstance(row, Loading):
            if stand.loading is not None and stand.key != "placement-tuned":
                yield stand
        elif stand.key != "placement-tuned":
            yield stand


def said(figure: Figure) -> str:
    """A figure in a line of progress."""
    value = (
        f"{'> ' if figure.late else ''}{figure.value:,.2f} {figure.unit.replace('_per_s', '').replace('per_s', '/s')}"
    )
    more = f" (p99 {figure.p99_ms:,.2f} ms, n={figure.runs}"
    more += f", {figure.answer} candidates" if figure.answer is not None else ""
    more += f", {figure.conflicts} x 409" if figure.conflicts else ""
    more += f", {figure.errors} x no answer or 500" if figure.errors else ""
    return value + more + ")" + (f"  WRONG: {figure.wrong}" if figure.wrong else "")


def differences(stands: Sequence[Stand], fleet: Fleet, samples: int = 5) -> list[str]:
    """What the servers answer differently about some hosts of the fleet, before anything is measured."""
    step = max(1, fleet.hosts // samples)
    chosen = [p.uuid for k, host in enumerate(fleet) if k % step == 0 for p in host.providers[:4]][: samples * 4]
    answers = [said_of(stand, chosen) for stand in stands]
    return [
        f"{stand.key} differs from {stands[0].key} on {path}: {answer[path]} instead of {answers[0][path]}"
        for stand, answer in zip(stands[1:], answers[1:], strict=True)
        for path in answers[0]
        if answer[path] != answers[0][path]
    ][:5]


def said_of(stand: Stand, providers: Sequence[str]) -> dict[str, object]:
    """What a server tells about some providers, by path."""
    nouns = ("", "/inventories", "/traits", "/aggregates", "/allocations", "/usages")
    with Caller(stand.address, 30.0) as caller:
        paths = [f"/resource_providers/{uuid}{noun}" for uuid in providers for noun in nouns]
        return {path: plain(json.loads(caller.call(get(path)).body)) for path in paths}


def plain(value: object) -> object:
    """JSON without order: lists sorted, links left out."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if name != "links"}
    if isinstance(value, list):
        return sorted((plain(part) for part in value), key=str)
    return value
