"""The trials can fail: racers on a Berth without any protection sell more than there is.

The head's lock keeps writers apart. Without it, the numbers of changes are the second protection and the generations of
providers the third: either of them rejects a write that was decided on a stale state, and it is decided again. Only
without all three is anything oversold, and then the trial reports it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.suites.torture.racers import race
from tests.suites.torture.weakened_server import DEFENCES, TURNED_AWAY, VARIABLE
from tests.support.databases import SERVER_KINDS, chosen_kinds, empty_database, is_long, require_database
from tests.support.document_blocks import ROOT
from tests.support.servers import server_group

CLIENTS = 24
ROUNDS = 3
MANY_ROUNDS = 20
"""Two servers must look at the same moment for anything to be oversold, which they need not do in a few rounds."""

PAIRS = [("lock", "number"), ("lock", "generation")]
"""Without the lock and one of the two others, the third is alone: what holds then holds with both."""

SHORT_OF_ANSWERS = f"of {CLIENTS} won"
"""Who is turned away again and again is told to try again, in the end: no fault."""


@dataclass(frozen=True, slots=True)
class Found:
    """oversold: what the trial reported about that; wrong: the rest; turned_away: the number of rejected writes."""

    oversold: list[str]
    wrong: list[str]
    turned_away: int


def race_without(
    kind: str, folder: Path, without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, most: int = ROUNDS
) -> Found:
    """Run racers through three servers without these protections, for this many rounds or until they have oversold."""
    monkeypatch.setenv("BERTH_COMMAND", f"'{sys.executable}' -m tests.suites.torture.weakened_server")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(VARIABLE, ",".join(without))
    with empty_database(kind, folder) as url, server_group(url, folder, 3) as servers:
        findings: list[str] = []
        for _ in range(most):
            findings += race(servers, CLIENTS, 1)
            if _oversold(findings):
                break
        logs = "".join(server.log.read_text() for server in servers)
    oversold = _oversold(findings)
    wrong = [each for each in findings if each not in oversold and SHORT_OF_ANSWERS not in each]
    return Found(oversold, wrong, logs.count(TURNED_AWAY))


def _oversold(findings: list[str]) -> list[str]:
    return [each for each in findings if "is oversold" in each]


@pytest.mark.parametrize("without", PAIRS if not is_long() else [("lock",), *PAIRS], ids=" and ".join)
@pytest.mark.parametrize("kind", chosen_kinds(SERVER_KINDS))
def test_without_the_lock_another_defence_holds(
    kind: str, without: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_database(kind)
    found = race_without(kind, tmp_path, without, monkeypatch)
    assert (found.oversold, found.wrong) == ([], [])
    assert found.turned_away > 0


@pytest.mark.parametrize("kind", chosen_kinds(SERVER_KINDS))
def test_without_any_defence_racers_oversell(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_database(kind)
    found = race_without(kind, tmp_path, tuple(DEFENCES), monkeypatch, MANY_ROUNDS)
    assert found.oversold != []
    assert found.turned_away == 0
