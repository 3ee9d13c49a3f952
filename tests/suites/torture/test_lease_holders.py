"""The trial of leases can fail: it reports a server that keeps no renewals, or the claims of the silent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.suites.torture import lease_holders
from tests.suites.torture.weakened_server import VARIABLE
from tests.support.databases import is_long
from tests.support.document_blocks import ROOT

REPORTED = {"renewal": "had been renewed until", "release": "is held, and"}


@pytest.mark.parametrize("without", REPORTED if is_long() else ["renewal"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_fault_is_reported(without: str, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_COMMAND", f"'{sys.executable}' -m tests.suites.torture.weakened_server")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, ROOT / "src"))))
    monkeypatch.setenv(VARIABLE, without)
    monkeypatch.setattr(lease_holders, "SETTLED_S", 15)
    found = lease_holders.hold_leases(ledger_url, tmp_path, 0)
    assert any(REPORTED[without] in each for each in found), found
