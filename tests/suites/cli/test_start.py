"""The command line starts quickly: what a command does not need it does not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from berth import Inventory, __version__
from berth.cli.main import COLLECTED_AT
from berth.ledger import open_ledger
from tests.suites.cli.conftest import berth
from tests.support.commands import berth_command
from tests.support.document_blocks import ROOT

HEAVY = {"sqlalchemy", "alembic", "numpy", "granian", "httpx", "jsonschema", "jsonschema_rs", "cryptography", "jwt"}


@pytest.mark.parametrize("code", ["import berth.cli.main", "import berth; berth.Inventory(total=1)"])
def test_nothing_heavy_is_imported_for_help(code: str) -> None:
    program = f"{code}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


OF_OTHERS = {"psycopg", "pymysql", "cryptography", "alembic", "httpx", "granian", "jwt", "numpy.ma"}
OF_OTHERS |= {"berth.ledger.audit.anomalies", "berth.discover"}
MOST_MODULES = 930
"""How many modules a short command may import: all drivers, the anomalies and masked arrays were 250 more."""


@pytest.mark.parametrize("words", [("usage",), ("providers",), ("top", "--once"), ("show", "host")], ids=" ".join)
def test_a_short_command_imports_what_it_needs(words: tuple[str, ...], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/berth.db"
    with open_ledger(url) as ledger:
        ledger.set_inventories(ledger.create_provider("host").uuid, {"VCPU": Inventory(total=4)})
    command = [sys.executable, "-X", "importtime", "-m", "berth", *words, "--database", url]
    done = subprocess.run(command, cwd=ROOT / "src", capture_output=True, text=True, check=True)
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert OF_OTHERS & modules == set()
    assert len(modules) <= MOST_MODULES


def test_what_is_imported_late_is_there() -> None:
    program = (
        "import berth; print(berth.Ledger.__name__, berth.open.__name__, *(hasattr(berth, it) for it in berth.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Ledger", "open_ledger", *["True"] * (len(done.stdout.split()) - 2)]


def test_the_garbage_collector_does_not_delay_a_command() -> None:
    """Neither while it imports, nor at its end."""
    program = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 9999)); "
        "sys.argv[1:] = ['--version']; from berth.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == [f"{COLLECTED_AT} True"]


def test_the_version() -> None:
    said = berth("--version")
    assert (said.status, said.out) == (0, f"berth {__version__}\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_pipe_that_cannot_write_every_character(encoding: str, tmp_path: Path) -> None:
    """Bars become signs, names of other countries escapes; JSON stays JSON."""
    env = {**os.environ, "PYTHONIOENCODING": encoding, "BERTH_DATABASE": f"sqlite:///{tmp_path}/berth.db"}

    def out(*words: str, text: bytes = b"") -> bytes:
        return subprocess.run([*berth_command(), *words], input=text, env=env, capture_output=True, check=True).stdout

    record = {"name": "h\u00f6st-\U0001f600", "inventories": {"VCPU": {"total": 4}}}
    out("import", "-", text=json.dumps(record).encode())
    table = out("providers").decode(encoding)
    assert json.loads(out("providers", "--json").decode(encoding))[0]["name"] == record["name"]
    if encoding == "utf-8":
        assert "h\u00f6st-\U0001f600" in table
        assert "\u2591" * 12 in table
    else:
        assert "st-\\ud83d\\ude00" in table
        assert "." * 12 in table
