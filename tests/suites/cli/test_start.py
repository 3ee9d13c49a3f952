"""The command line starts quickly: what a command does not need it does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.document_blocks import ROOT

HEAVY = {"sqlalchemy", "alembic", "numpy", "granian", "httpx", "jsonschema", "jsonschema_rs", "cryptography", "jwt"}


@pytest.mark.parametrize("code", ["import berth.cli.main", "import berth; berth.Inventory(total=1)"])
def test_nothing_heavy_is_imported_for_help(code: str) -> None:
    program = f"{code}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


def test_what_is_imported_late_is_there() -> None:
    program = (
        "import berth; print(berth.Ledger.__name__, berth.open.__name__, *(hasattr(berth, it) for it in berth.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Ledger", "open_ledger", *["True"] * (len(done.stdout.split()) - 2)]
