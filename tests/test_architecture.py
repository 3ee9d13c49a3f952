"""The rooms of the house and the arrows between them, as `pyproject.toml` has them for import-linter."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sys.executable).with_name("lint-imports")
ROOMS = (
    *("settings", "logs", "model", "store", "fleet", "ledger", "discover", "client"),
    *("web", "api", "app", "worker", "serve", "cli"),
)
LIMIT_S = 60


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
    """A house with all its rooms, and nothing in them."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for room in ("", *ROOMS):
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
        ("model/__init__.py", "import numpy", "The model knows neither SQL nor NumPy"),
        ("api/endpoints.py", "import sqlalchemy", "The faces speak neither SQL nor NumPy themselves"),
        ("web/pages.py", "import numpy", "The faces speak neither SQL nor NumPy themselves"),
        ("fleet/columns.py", "from sqlalchemy import select", "No SQL in the fleet"),
        ("store/tables.py", "import numpy as np", "No NumPy in the store"),
    ],
)
def test_what_breaks_them(file: str, line: str, broken: str, house: Path) -> None:
    path = house / "src/berth" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n")
    checked = lint(house)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert f"{broken} BROKEN" in checked.stdout


def test_neighbours_go_in_no_circles(house: Path) -> None:
    (house / "src/berth/fleet/views/hosts.py").write_text("import berth.fleet.columns\n")
    (house / "src/berth/fleet/state/columns.py").write_text("import berth.fleet.trees\n")
    assert "No circles among neighbours BROKEN" in lint(house).stdout


def test_the_rooms_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert {room.strip(" ()") for layer in layers for room in layer.split("|")} == set(ROOMS)
