"""The rooms of the package and the arrows between them, as `pyproject.toml` has them for import-linter."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sys.executable).with_name("lint-imports")
ROOMS = (
    *("settings", "logs", "processes", "model", "store", "fleet", "ledger", "discover", "client"),
    *("web", "api", "app", "worker", "serve", "review", "cli"),
)
LIMIT_S = 60
ROOMS_WITHIN = {
    "fleet": ("state", "find", "explain", "views"),
    "ledger": ("write", "audit", "queries"),
    "api": ("http", "auth", "placement", "v1", "ops"),
    "cli": ("output", "commands"),
    "review": ("code", "facts", "dependencies", "deployment", "log", "report"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the package in ``folder/src`` against the contracts in ``folder/pyproject.toml``."""
    command = [str(LINT), "--no-cache", "--no-logo", "--config", str(folder / "pyproject.toml")]
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": "", "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def test_every_contract_is_kept() -> None:
    checked = lint(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Make a package with all rooms and no modules in them."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for room in ("", *ROOMS, *(f"{room}/{each}" for room, within in ROOMS_WITHIN.items() for each in within)):
        folder = tmp_path / "src/berth" / room
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    return tmp_path


def test_an_empty_house_keeps_them(house: Path) -> None:
    checked = lint(house)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("model/provider.py", "import berth.store", "Arrows point down only"),
        ("settings/__init__.py", "import berth.model", "Arrows point down only"),
        ("store/rows.py", "import berth.fleet", "Arrows point down only"),
        ("fleet/find.py", "import berth.store", "Arrows point down only"),
        ("api/pages.py", "import berth.web", "Arrows point down only"),
        ("ledger/write.py", "from berth.api import anything", "Arrows point down only"),
        ("drawer/__init__.py", "", "Arrows point down only"),
        ("fleet/state/apply.py", "import berth.fleet.find", "Arrows point down only in the fleet"),
        ("fleet/find/prune.py", "import berth.fleet.explain", "Arrows point down only in the fleet"),
        ("fleet/explain/group.py", "import berth.fleet.views", "Arrows point down only in the fleet"),
        ("fleet/drawer.py", "", "Arrows point down only in the fleet"),
        ("ledger/replica.py", "import berth.ledger.write", "Arrows point down only in the ledger"),
        ("ledger/write/batch.py", "import berth.ledger.audit", "Arrows point down only in the ledger"),
        ("ledger/audit/chain.py", "import berth.ledger.queries", "Arrows point down only in the ledger"),
        ("ledger/queries/fleet.py", "import berth.ledger.ledger", "Arrows point down only in the ledger"),
        ("ledger/drawer.py", "", "Arrows point down only in the ledger"),
        ("api/http/cors.py", "import berth.api.auth", "Arrows point down only in the API"),
        ("api/auth/gate.py", "import berth.api.placement", "Arrows point down only in the API"),
        ("api/placement/app.py", "import berth.api.v1", "Arrows point down only in the API"),
        ("api/v1/feed.py", "import berth.api.ops", "Arrows point down only in the API"),
        ("api/drawer.py", "", "Arrows point down only in the API"),
        ("cli/output/table.py", "import berth.cli.session", "Arrows point down only on the command line"),
        ("cli/session.py", "import berth.cli.command", "Arrows point down only on the command line"),
        ("cli/command.py", "import berth.cli.commands", "Arrows point down only on the command line"),
        ("cli/drawer.py", "", "Arrows point down only on the command line"),
        ("model/__init__.py", "import numpy", "The model uses neither SQL nor NumPy"),
        ("api/endpoints.py", "import sqlalchemy", "The API and the dashboard use neither SQL nor NumPy themselves"),
        ("web/pages.py", "import numpy", "The API and the dashboard use neither SQL nor NumPy themselves"),
        ("client/client.py", "import berth.store", "The client knows the model only"),
        ("fleet/columns.py", "from sqlalchemy import select", "No SQL in the fleet"),
        ("store/tables.py", "import numpy as np", "No NumPy in the store"),
    ],
)
def test_what_breaks_them(file: str, line: str, broken: str, house: Path) -> None:
    path = house / "src/berth" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n")
    for imported in re.findall(r"import (berth\S+)", line):
        _make(house, imported)
    checked = lint(house)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert f"{broken} BROKEN" in checked.stdout


def _make(house: Path, module: str) -> None:
    """Make the module unless it is there."""
    path = house / "src" / module.replace(".", "/")
    if not path.exists():
        path.with_suffix(".py").touch()


def test_neighbours_go_in_no_circles(house: Path) -> None:
    (house / "src/berth/fleet/find/prune.py").write_text("import berth.fleet.find.search\n")
    (house / "src/berth/fleet/find/search.py").write_text("import berth.fleet.find.prune\n")
    assert "No circles among neighbours BROKEN" in lint(house).stdout


def test_the_rooms_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = {contract["containers"][0]: contract["layers"] for contract in contracts if contract["type"] == "layers"}
    placed = {
        where: {room.strip(" ()") for layer in levels for room in layer.split("|")} for where, levels in layers.items()
    }
    assert placed.pop("berth") == set(ROOMS)
    assert {f"berth.{room}" for room in ROOMS_WITHIN} == set(placed)
    assert all(set(within) <= placed[f"berth.{room}"] for room, within in ROOMS_WITHIN.items())
