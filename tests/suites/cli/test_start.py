"""The command line starts quickly: what a command does not need it does not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from berth import Inventory, __version__
from berth.cli.command_table import COMMANDS
from berth.cli.main import COLLECTED_AT, command
from berth.ledger import open_ledger
from tests.suites.cli.conftest import berth
from tests.support.commands import berth_command
from tests.support.document_blocks import ROOT

HEAVY = {"sqlalchemy", "alembic", "numpy", "granian", "httpx", "jsonschema", "jsonschema_rs", "cryptography", "jwt"}
HEAVY |= {"pydantic", "psycopg", "pymysql"}


AT_ITS_END = """
import atexit, sys
atexit.register(lambda: print("imported", *sys.modules, file=sys.stderr))
from berth.cli import main
main()
"""


def imported(*words: str, **environment: str) -> set[str]:
    """Return the modules that a command has imported when it ends: `-X importtime` leaves out the late ones."""
    env = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", AT_ITS_END, *words], cwd=ROOT / "src", env=env, capture_output=True, check=True
    )
    return set(done.stderr.decode().rpartition("imported ")[2].split())


def within(modules: set[str], packages: set[str]) -> set[str]:
    """Return those of the packages of which some module was imported."""
    return {each for each in packages if any(f"{name}.".startswith(f"{each}.") for name in modules)}


def test_a_value_imports_neither_sql_nor_columns() -> None:
    program = "import sys, berth; berth.Inventory(total=1); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert within(set(done.stdout.split()), HEAVY) == set()


COMPLETION = {"_BERTH_COMPLETE": "complete_bash", "COMP_WORDS": "berth us", "COMP_CWORD": "1"}


@pytest.mark.parametrize(
    ("words", "environment", "most"),
    [
        (["--version"], {}, 330),
        (["--help"], {}, 500),
        ([], COMPLETION, 330),
        (["usage", "--help"], {}, 530),
    ],
    ids=["version", "help", "completion", "help of one"],
)
def test_nothing_heavy_is_imported_for_help(words: list[str], environment: dict[str, str], most: int) -> None:
    """Nor any command, where only their names and summaries are shown."""
    modules = imported(*words, **environment)
    assert within(modules, HEAVY) == set()
    assert len(modules) <= most
    commands = {name for name in modules if name.startswith("berth.cli.commands.")}
    assert commands == ({"berth.cli.commands.list"} if words[0:1] == ["usage"] else set())


OF_OTHERS = HEAVY - {"sqlalchemy", "numpy"}
OF_OTHERS |= {"berth.ledger.audit.anomalies", "berth.api", "berth.client", "berth.discover", "berth.review", "numpy.ma"}
OF_OTHERS |= {f"sqlalchemy.dialects.{name}" for name in ("mysql", "postgresql", "oracle", "mssql")}
MOST_MODULES = 880
"""How many modules a short command may import: with all commands, dialects and Pydantic it was 950."""


@pytest.mark.parametrize("words", [("usage",), ("providers",), ("top", "--once"), ("show", "host")], ids=" ".join)
def test_a_short_command_imports_what_it_needs(words: tuple[str, ...], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/berth.db"
    with open_ledger(url) as ledger:
        ledger.set_inventories(ledger.create_provider("host").uuid, {"VCPU": Inventory(total=4)})
    modules = imported(*words, "--database", url)
    assert within(modules, OF_OTHERS) == set()
    assert len({name for name in modules if name.startswith("berth.cli.commands.")}) == 1
    assert len(modules) <= MOST_MODULES


def test_commands_are_listed_as_they_describe_themselves() -> None:
    """The list has the summaries for itself, so that it imports no command."""
    themselves = {
        name: (each.rich_help_panel, each.name, " ".join(each.help.partition("\n\n")[0].split()))
        for name, each in command().commands.items()
    }
    assert {each.name: (each.panel, each.name, each.summary) for each in COMMANDS} == themselves


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
