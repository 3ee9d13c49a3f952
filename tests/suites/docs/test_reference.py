"""The references are complete: settings, commands with options and defaults, environment, routes, verbs, errors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

import berth
from berth.api.auth.policy import POLICIES
from berth.api.http import threads
from berth.api.placement.routes import OPERATIONS
from berth.cli.main import app
from berth.fleet.find import budget
from berth.ledger import retry
from berth.ledger.write import batch, batch_plan, writer
from berth.model import errors, validation
from berth.settings import Limits, Settings
from berth.settings.sources import names
from tests.support.document_blocks import ROOT

CONFIGURATION = ROOT / "docs/configuration.md"
CLI = ROOT / "docs/cli.md"
EMBEDDING = ROOT / "docs/embedding.md"
API = ROOT / "docs/api.md"
SHARED = "Options of all these commands"
OF_EVERY_COMMAND = {"--help", "--install-completion", "--show-completion"}


@dataclass(frozen=True, slots=True)
class Option:
    """An option or an argument of a command. default: as a person writes it, None if none is shown."""

    command: str
    name: str
    default: str | None
    variable: str | None
    help: str


def section(document: Path, heading: str) -> str:
    """Return the part of a document below a heading, up to the next one of any level."""
    text = document.read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{document.name} has no section '{heading}'"
    return str(found[1])


def row(text: str, name: str) -> str:
    """Return the row of a table whose first cell begins with this code."""
    found = [line for line in text.splitlines() if re.match(rf"\| `{re.escape(name)}[` ]", line)]
    assert found, f"there is no row `{name}`"
    return found[0]


def commands(command: Any, words: tuple[str, ...] = ("berth",)) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by its words."""
    below = getattr(command, "commands", None)
    if not below:
        yield " ".join(words), command
    for name, each in (below or {}).items():
        yield from commands(each, (*words, name))


def options() -> list[Option]:
    """Yield every option and argument of every command."""
    return [
        Option(words, _name(each), _default(each), str(each.envvar) if each.envvar else None, each.help or "")
        for words, command in commands(typer.main.get_command(app))
        for each in command.params
        if _name(each) not in OF_EVERY_COMMAND
    ]


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper()).strip("[]{}")
    return str(max(parameter.opts, key=len))


def _default(parameter: Any) -> str | None:
    value = parameter.default
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if plain and value != "" else None


def told_commands(document: Path) -> list[str]:
    """Return the commands that a document has a section for."""
    return re.findall(r"^#+ `(berth .*)`$", document.read_text(encoding="utf-8"), re.MULTILINE)


def documentation_of(command: str) -> str:
    """Return what the documents say of a command: a section in one of two."""
    if command in told_commands(CLI):
        return section(CLI, f"`{command}`") + section(CLI, SHARED)
    documented = section(CONFIGURATION, f"`{command}`")
    return documented + section(CLI, SHARED) if "(cli.md#options-of-all-these-commands)" in documented else documented


@pytest.mark.parametrize(("words", "command"), [*commands(typer.main.get_command(app))], ids=str)
def test_every_command_has_help(words: str, command: Any) -> None:
    assert command.help
    assert "Exit status" in command.epilog
    if words in told_commands(CLI):
        assert f"Example: {words}" in command.help


@pytest.mark.parametrize("option", options(), ids=lambda option: f"{option.command} {option.name}")
def test_every_option_is_documented(option: Option) -> None:
    documented = row(documentation_of(option.command), option.name)
    assert option.help, "--help says nothing about it"
    assert option.default is None or f"`{option.default}`" in documented, f"the default is {option.default}"
    assert option.variable is None or f"`{option.variable}`" in documented, f"it is also {option.variable}"


def test_no_option_is_documented_that_is_not_there() -> None:
    headings = [words for document in (CONFIGURATION, CLI) for words in told_commands(document)]
    assert sorted(headings) == sorted(words for words, _ in commands(typer.main.get_command(app)))
    documented = {
        (words, name)
        for words in headings
        for name in re.findall(r"^\| `(--[a-z-]+)", documentation_of(words), re.MULTILINE)
        if name not in ("--csv", "--json")
    }
    assert documented <= {(option.command, option.name) for option in options()}


@pytest.mark.parametrize("setting", names())
def test_every_setting_is_documented(setting: str) -> None:
    documented = row(section(CONFIGURATION, "Settings"), setting)
    default: object = Settings()
    for part in setting.split("."):
        default = getattr(default, part)
    shown = "none" if default in ("", (), {}) else f"`{_plain(default)}`"
    assert shown in documented


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def test_every_environment_variable_is_documented() -> None:
    source = (path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    used = {name for text in source for name in re.findall(r"\"(BERTH_[A-Z_]+)\"", text)}
    documented = section(CONFIGURATION, "Environment")
    assert used
    assert [name for name in sorted(used) if f"`{name}`" not in documented] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_is_documented(policy: str) -> None:
    assert row(section(CONFIGURATION, "Policies"), policy)


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("body of a request", f"{Limits().body_bytes >> 20} MiB"),
        ("of one command", f"{validation.MOST_RECORDS:,}"),
        ("one command changes", f"{batch.MOST_COMMAND_BYTES >> 20} MiB"),
        ("in one commit", f"{batch_plan.MOST_IN_A_BATCH}"),
        ("in one commit", f"{batch.MOST_S} s, with {batch.MOST_BYTES >> 20} MiB"),
        ("steps of a search without", f"{budget.FRUITLESS_STEPS:,}"),
        ("steps of a search in all", f"{budget.MOST_STEPS:,}"),
        ("threads", f"{threads.READS}, and {threads.LONG_READS} more"),
        ("may wait in all", f"{threads.REQUEST_S:.0f} s"),
        ("tries of a commit", f"{writer.TRIES} within {retry.GIVE_UP_S} s"),
    ],
)
def test_every_limit_is_documented(what: str, limit: str) -> None:
    lines = section(CONFIGURATION, "Limits that cannot be set").splitlines()
    (documented,) = (line for line in lines if what in line.partition("|")[2].partition("|")[0])
    assert limit in documented


@pytest.mark.skipif(not API.exists(), reason="docs/api.md is not written yet")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_route_is_documented(operation: Any) -> None:
    text = API.read_text(encoding="utf-8")
    assert operation.path in text


VERBS = [name for name, value in inspect.getmembers(berth.Ledger, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented(verb: str) -> None:
    assert f"`{verb}" in EMBEDDING.read_text(encoding="utf-8")


def leaves(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """Return every error of the model without subclasses."""
    below = [each for each in kind.__subclasses__() if getattr(errors, each.__name__, None) is each]
    if not below:
        yield kind
    for each in below:
        yield from leaves(each)


@pytest.mark.parametrize("error", [*leaves(errors.BerthError)], ids=lambda error: error.__name__)
def test_every_error_is_documented(error: type[BaseException]) -> None:
    assert f"`{error.__name__}`" in EMBEDDING.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in berth.__all__ if name != "errors"])
def test_every_public_name_is_documented(name: str) -> None:
    assert re.search(rf"\b{name}\b", EMBEDDING.read_text(encoding="utf-8"))


def test_every_room_has_its_place_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    here = [path for path in (ROOT / "src/berth").iterdir() if not path.name.startswith("__")]
    rooms = [path.stem for path in here if path.is_dir() or path.suffix == ".py"]
    assert [room for room in rooms if not re.search(rf"`{room}(?:/|\.py)`", text)] == []


def test_what_the_architecture_says_is_in_a_room_is_there() -> None:
    tables = section(ROOT / "docs/architecture.md", "The rooms")
    rooms = re.findall(r"^\| `([a-z0-9/]+/)` \|(.*)$", tables, re.MULTILINE)
    documented = [(room, path) for room, text in rooms for path in re.findall(r"`([a-z_]+(?:\.py|/))`", text)]
    assert len(documented) > 40
    assert [(room, path) for room, path in documented if not (ROOT / "src/berth" / room / path).exists()] == []
