"""Names that a shell offers: out of each database, and out of a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import typer.main
from typer._completion_classes import BashComplete

from berth import Claim, Inventory
from berth.cli import completion
from berth.cli.main import app
from berth.ledger import open_ledger
from berth.model.record import ProviderRecord
from tests.support.servers import server_on

COMMAND: Final = typer.main.get_command(app)
RACK: Final = "a0000000-0000-4000-8000-000000000001"

JOB: Final = "c0000000-0000-4000-8000-000000000001"

OFFERED: Final = {
    ("show", "n_"): ["n_1", "n_2"],
    ("show", "100"): ["100%"],
    ("claim", "CUSTOM_R"): ["CUSTOM_ROOM="],
    ("find", "--trait", "!CUSTOM_F"): ["!CUSTOM_FAST"],
    ("providers", "--aggregate", "rack"): ["rack-a"],
    ("usage", "--project", "p"): ["physics"],
    ("usage", "--project", "P"): [],
}
"""What is offered for the last of some words. A name is no pattern, and capitals matter."""

COLD: Final = """
import sys
from berth.store.completion import names_with_prefix, prepare
prepare(sys.argv[1])
before = set(sys.modules)
print(*names_with_prefix(sys.argv[1], "provider", "n_", 9))
heavy = ("berth", "sqlalchemy", "psycopg", "pymysql")
print(*(each for each in set(sys.modules) - before if each.split(".")[0] in heavy))
"""


@pytest.fixture
def filled(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("BERTH_URL", "BERTH_DATABASE", "BERTH_TOKEN", "BERTH_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(completion, "PATIENCE_S", 20.0)
    with open_ledger(ledger_url) as ledger:
        ledger.name_aggregate(RACK, "rack-a")
        ledger.create_class("CUSTOM_ROOM")
        ledger.create_trait("CUSTOM_FAST")
        ledger.put_records([ProviderRecord(name=name, aggregates=("rack-a",)) for name in ("n_1", "n_2", "nx", "100%")])
        ledger.set_inventories("nx", {"CUSTOM_ROOM": Inventory(4)})
        ledger.claim(Claim(consumer=JOB, allocations={"nx": {"CUSTOM_ROOM": 1}}, project="physics", user="u"))
    return ledger_url


def offered(where: list[str]) -> dict[tuple[str, ...], list[str]]:
    """Return what a shell offers."""
    shell = BashComplete(COMMAND, {}, "berth", "_BERTH_COMPLETE")
    asked = {words: shell.get_completions([words[0], *where, *words[1:-1]], words[-1]) for words in OFFERED}
    return {words: sorted(each.value for each in found) for words, found in asked.items()}


def test_names_come_from_every_database_and_from_a_server(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offered(["--database", filled]) == OFFERED
    server = server_on(filled, tmp_path, "--auth", "dev")
    server.start()
    try:
        server.wait()
        monkeypatch.setenv("BERTH_TOKEN", "admin")
        assert offered(["--url", server.url]) == OFFERED
    finally:
        server.stop()


def test_nothing_is_imported_while_a_shell_waits(filled: str) -> None:
    """A process that has just begun would take all of its time for that, and offer nothing."""
    said = subprocess.run([sys.executable, "-c", COLD, filled], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["n_1", "n_2"]
