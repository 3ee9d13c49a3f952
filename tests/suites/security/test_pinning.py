"""What one address can pin: connections, memory, processor time, the audit log. All others are served meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.suites.security.callers import Who, minted
from tests.suites.security.target_server import NEWEST, Attacked, attacked
from tests.suites.security.test_slow_clients import cost
from tests.support.databases import is_long

ROOT: Final = Path(__file__).parents[3]
SECONDS: Final = 8.0 if is_long() else 3.0
START_S: Final = 2.0 if is_long() else 1.0
"""How long a flood rises before others are measured."""

IDLE_S: Final = SECONDS / 2 if is_long() else 0.2
"""How long others are measured before: only the long form compares how soon they are answered."""

MOST_MIB: Final = 150
MOST_RECORDS: Final = 20
TIMES_IDLE: Final = 3
FLOOR_S: Final = 0.05
"""What the slowest of a hundred may take in any case: a machine with more to do than tests is that slow anyway."""


@dataclass(frozen=True, slots=True)
class Case:
    """A flood. number: of connections, in the long form and in the short one; role: of its token, if it has one."""

    kind: str
    number: int
    short: int
    role: str = ""

    @property
    def address(self) -> str:
        """An address of its own, so that its records are as well."""
        return f"127.0.0.{100 + CASES.index(self)}"


CASES: Final = (
    Case("streams", 2_100, 400, "service"),
    Case("unfinished", 2_100, 400),
    Case("unfinished", 2_100, 400, "reader"),
    Case("chunked", 2_100, 400),
    Case("silent", 2_100, 2_100),
    Case("large", 40, 20),
    Case("large", 40, 20, "reader"),
    Case("brackets", 1, 1),
    Case("brackets", 1, 1, "reader"),
    Case("guesses", 4, 4),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("pinning"), 'auth = ["token"]\n[limits]\nslow_seconds = 30\n') as server:
        yield server


@contextmanager
def flooded(server: Attacked, case: Case, token: str) -> Iterator[None]:
    """Let the flood rise, and end it afterwards."""
    number = str(case.number if is_long() else case.short)
    words = ["-m", "tests.suites.security.flood", case.kind, str(server.port), case.address, number]
    flood = subprocess.Popen([sys.executable, *words, *([token] if token else [])], cwd=ROOT)
    try:
        time.sleep(START_S)
        yield
        assert flood.poll() is None
    finally:
        flood.kill()
        flood.wait()


def slowest(server: Attacked, token: str, seconds: float) -> tuple[float, float]:
    """Ask for health and for a page with a token until the time is over. Return the 99th percentiles, in seconds."""
    took: dict[str, list[float]] = {"/healthz": [], "/usages?project_id=mine": []}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for path, times in took.items():
            began = time.monotonic()
            assert server.ask("GET", path, [("x-auth-token", token), NEWEST]).status == 200
            times.append(time.monotonic() - began)
        time.sleep(0.002)
    health, page = (sorted(times)[int(len(times) * 0.99)] for times in took.values())
    return health, page


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.role or 'stranger'}")
def test_others_are_served(target: Attacked, case: Case) -> None:
    token, theirs = minted(target.folder, Who("reader")), case.role and minted(target.folder, Who(case.role))
    target.begin()
    idle, before = slowest(target, token, IDLE_S), cost(target)[0]
    with flooded(target, case, theirs):
        busy = slowest(target, token, SECONDS)
        after = cost(target)[0]
    records = Counter(each.outcome for each in target.records() if each.address == case.address)
    print(
        f"{case.kind} {case.role}: healthz {idle[0] * 1e3:.1f} -> {busy[0] * 1e3:.1f} ms, page {idle[1] * 1e3:.1f} -> "
        f"{busy[1] * 1e3:.1f} ms, {after - before:+.0f} MiB, {dict(records)}"
    )
    assert after - before < MOST_MIB
    assert sum(records.values()) < MOST_RECORDS
    if is_long():
        assert max(busy) < max(FLOOR_S, TIMES_IDLE * max(idle))


if is_long():  # the short form measures no time
    test_others_are_served = pytest.mark.alone(test_others_are_served)
