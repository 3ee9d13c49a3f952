"""Consumers by uuid, by name, or by a unique beginning of either; and what the commands show of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import berth
from berth.cli.consumer_names import resolve
from berth.cli.main import app
from berth.cli.provider_names import NoSuchName, resolve_subject
from berth.cli.session import LedgerLocation, Session
from berth.model.errors import ConsumerAmbiguous, ConsumerNotFound
from berth.model.inventory import Inventory
from berth.model.record import ProviderRecord

UUIDS = {
    "train": "10000000-0000-4000-8000-000000000000",
    "train-2": "1f000000-0000-4000-8000-000000000000",
    "beef": "20000000-0000-4000-8000-000000000000",
}
UNNAMED = "beef0000-0000-4000-8000-000000000000"
LONG = "a long name of the third job that trains the model"


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/berth.db"
    with berth.open(url) as ledger:
        ledger.put_records([ProviderRecord(name="the-trainer", inventories={"VCPU": Inventory(64)})])
        for name, uuid in UUIDS.items():
            ledger.allocate({"VCPU": 1}, project="physics", user="ada", consumer=uuid, name=name)
        ledger.allocate({"VCPU": 2}, project="biology", user="bob", consumer=UNNAMED)
    return url


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    with Session(LedgerLocation(database=url)) as opened:
        yield opened


def run(url: str, *arguments: str, status: int = 0, width: int = 80) -> str:
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(app, [*arguments, "--database", url])
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.parametrize(
    ("word", "uuid"),
    [
        ("train", UUIDS["train"]),
        ("train-", UUIDS["train-2"]),
        ("1F00", UUIDS["train-2"]),
        ("beef", UUIDS["beef"]),
        ("beef0", UNNAMED),
        (UNNAMED.upper(), UNNAMED),
        ("ffffffff-0000-4000-8000-000000000000", "ffffffff-0000-4000-8000-000000000000"),
    ],
)
def test_a_consumer_by_name_or_beginning(word: str, uuid: str, session: Session) -> None:
    assert resolve(session, word) == uuid
    assert resolve_subject(session, word) == uuid


def test_a_beginning_of_several_is_refused_with_all_of_them(session: Session) -> None:
    with pytest.raises(ConsumerAmbiguous) as refused:
        resolve(session, "trai")
    assert [each.name for each in refused.value.candidates] == ["train", "train-2"]
    assert "train of project physics on the-trainer (10000000-" in str(refused.value)
    assert session.name_of(resolve_subject(session, "trai")) == "the-trainer", "a part of its name"


@pytest.mark.parametrize("word", ["tarin", "1f0", "", "tra/in", "20000001"])
def test_a_word_that_is_no_consumer(word: str, session: Session) -> None:
    with pytest.raises(ConsumerNotFound):
        resolve(session, word)
    with pytest.raises(NoSuchName):
        resolve_subject(session, word + "?")


def test_lists_show_names_first_and_whole(url: str) -> None:
    run(url, "edit", "beef", "--name", LONG)
    lines = run(url, "consumers").splitlines()
    assert lines[0].split()[:2] == ["NAME", "TYPE"]
    assert lines[0].split()[-1] == "CONSUMER", "one of them has no name"
    assert any(line.startswith("train-2 ") for line in lines)
    assert not any(UUIDS["train"][:8] in line for line in lines)
    (first,) = (line for line in run(url, "consumers", "--name", "a long").splitlines() if line.startswith("a long"))
    assert "physics" in first
    assert "CONSUMER" not in run(url, "consumers", "--project", "physics")
    assert UUIDS["train"] in run(url, "consumers", "--uuids", width=200)
    assert UUIDS["train"] in run(url, "consumers", "--csv")
    assert [each["name"] for each in json.loads(run(url, "consumers", "--text", "TRAIN-", "--json"))] == ["train-2"]
    assert "train-2" in run(url, "show", "the-trainer")
    assert UUIDS["train-2"] in run(url, "show", "the-trainer", "--uuids", width=200)


def test_a_life_by_name(url: str) -> None:
    """Two GPUs for a student, in the words of people: every command takes the name."""
    claimed = run(url, "hold", "VCPU=2", "--project", "physics", "--name", "thesis", "--note", "of Grace", width=200)
    assert "consumer thesis (" in claimed
    assert "thesis" in run(url, "agenda").splitlines()[1]
    run(url, "extend", "thesis", "--for", "1h")
    assert "confirmed: consumer thesis (" in run(url, "confirm", "thes")
    shown = run(url, "show", "thesis")
    assert "note: of Grace" in shown
    run(url, "claim", "VCPU=1", "--on", "the-trainer", "--replace", "--consumer", "thesis", "--project", "physics")
    edited = json.loads(run(url, "edit", "thesis", "--name", "thesis-2", "--no-note", "--json"))
    assert (edited["name"], edited["note"]) == ("thesis-2", None)
    assert "EditConsumer" in run(url, "history", "thesis-2", width=200)
    assert "EditConsumer" in run(url, "audit", "list", "--consumer", "thesis-2", width=200)
    assert "is named thesis-2, without a note" in run(url, "changes", width=200)
    assert run(url, "release", "thesis-2").startswith("released thesis-2 (")
    assert "no consumer is called 'thesis-2'; nothing was released" in run(url, "release", "beef", "thesis-2", status=1)
    assert "beef" in run(url, "consumers")


@pytest.mark.parametrize(
    ("arguments", "reason", "status"),
    [
        (("edit", "train"), "nothing to change", 2),
        (("edit", "train", "--name", "x", "--no-name"), "contradict each other", 2),
        (("edit", "train", "--name", "a/b"), "cannot have a slash", 1),
        (("edit", "tarin", "--name", "x"), "No consumer with claims has the name tarin", 1),
        (("extend", "trai"), "Several consumers match trai: train of project physics", 1),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], reason: str, status: int, url: str) -> None:
    assert reason in " ".join(run(url, *arguments, status=status, width=200).replace("│", " ").split())
