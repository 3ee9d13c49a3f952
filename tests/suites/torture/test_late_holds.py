"""Holds of several processes that lapse and are confirmed too late, while others claim what they had."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.suites.torture.racers import race_late_holds
from tests.suites.torture.weakened_server import VARIABLE
from tests.support.document_blocks import ROOT
from tests.support.servers import server_group

CLIENTS = 8


def test_a_late_hold_gets_nothing(ledger_url: str, tmp_path: Path) -> None:
    with server_group(ledger_url, tmp_path, 2, migrate=False) as servers:
        assert race_late_holds(servers, CLIENTS) == []


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_without_the_deadline_they_oversell(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_COMMAND", f"'{sys.executable}' -m tests.suites.torture.weakened_server")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, ROOT / "src"))))
    monkeypatch.setenv(VARIABLE, "deadline")
    with server_group(ledger_url, tmp_path, 1, migrate=False) as servers:
        findings = race_late_holds(servers, CLIENTS)
    assert any("is oversold" in each for each in findings), findings
