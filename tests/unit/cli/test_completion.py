"""Completion of names: which are offered, out of which ledger, and nothing when it cannot be read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer._completion_classes import BashComplete

from berth import Claim, Inventory
from berth.cli import completion
from berth.cli.main import app
from berth.ledger import open_ledger
from berth.model.record import ProviderRecord
from berth.store.completion import names_with_prefix

COMMAND = typer.main.get_command(app)
JOB = "c0000000-0000-4000-8000-000000000001"


def completed(*words: str) -> list[str]:
    """Return what a shell offers for the last word."""
    shell = BashComplete(COMMAND, {}, "berth", "_BERTH_COMPLETE")
    return [each.value for each in shell.get_completions(list(words[:-1]), words[-1])]


@pytest.fixture
def filled(ledger_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BERTH_URL", raising=False)
    with open_ledger(ledger_url) as ledger:
        ledger.put_records([ProviderRecord(name=name, aggregates=("rack-a",)) for name in ("n_1", "n_2", "nx", "100%")])
        ledger.set_inventories("nx", {"VCPU": Inventory(4)})
        ledger.create_trait("CUSTOM_FAST")
        ledger.claim(Claim(consumer=JOB, allocations={"nx": {"VCPU": 1}}, project="physics", user="u"))
    return ledger_url


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("show", "n"), ["n_1", "n_2", "nx"]),
        (("drain", "n_1", "n_"), ["n_1", "n_2"]),
        (("drain", "100"), ["100%"]),
        (("claim", "VCPU=1", "--on", "nx"), ["nx"]),
        (("find", "VCPU=4,MEM"), ["VCPU=4,MEMORY_MB=", "VCPU=4,MEM_ENCRYPTION_CONTEXT="]),
        (("find", "--trait", "gpu:CUSTOM_A100|CUSTOM_F"), ["gpu:CUSTOM_A100|CUSTOM_FAST"]),
        (("providers", "--aggregate", "rack"), ["rack-a"]),
        (("usage", "--project", "p"), ["physics"]),
        (("show", "zzz"), []),
    ],
)
def test_names_of_the_ledger_are_offered(words: tuple[str, ...], offered: list[str], filled: str) -> None:
    command, *rest = words
    assert sorted(completed(command, "--database", filled, *rest)) == sorted(offered)


def test_the_settings_say_which_ledger(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("show", "n") == []
    monkeypatch.setenv("BERTH_DATABASE", filled)
    assert completed("show", "n") == ["n_1", "n_2", "nx"]
    assert completed("show", "--url", "http://127.0.0.1:1", "n") == [], "a server that is not there is not asked twice"


@pytest.mark.parametrize("database", ["sqlite:///absent.db", "postgresql://127.0.0.1:1/x", "nonsense"])
def test_nothing_is_said_of_what_cannot_be_read(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert completed("show", "--database", database, "n") == []
    assert (capfd.readouterr(), list(tmp_path.iterdir())) == (("", ""), []), "no file is made"


def test_a_slow_ledger_is_not_waited_for(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any) -> list[str]:
        time.sleep(5)
        return ["late"]

    monkeypatch.setattr("berth.store.completion.names_with_prefix", slow)
    began = time.monotonic()
    assert completed("show", "--database", filled, "n") == []
    assert time.monotonic() - began < 5


def test_there_is_an_end_to_what_is_offered(filled: str) -> None:
    with open_ledger(filled) as ledger:
        ledger.put_records([ProviderRecord(name=f"many-{number:03}") for number in range(60)])
    assert len(completed("show", "--database", filled, "many")) == completion.MOST
    assert names_with_prefix(filled, "provider", "many-05", 3) == ["many-050", "many-051", "many-052"]
