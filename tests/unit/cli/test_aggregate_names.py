"""Aggregates by uuid, by name, or by a unique beginning of either; and the commands that name them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import berth
from berth.cli.aggregate_names import resolve_prefix
from berth.cli.main import app
from berth.cli.output import tables
from berth.cli.provider_names import Ambiguous
from berth.cli.session import LedgerLocation, Session
from berth.model.change import NameKind
from berth.model.pages import NameItem
from berth.model.record import ProviderRecord

UUIDS = {
    "rack-1": "10000000-0000-4000-8000-000000000000",
    "Rack-10": "1f000000-0000-4000-8000-000000000000",
    "zone": "20000000-0000-4000-8000-000000000000",
}
UNNAMED = "2f000000-0000-4000-8000-000000000000"
LONG = "the third rack on the left of room 10"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('aggregates')}/berth.db"


@pytest.fixture(scope="module", autouse=True)
def _filled(url: str) -> None:
    with berth.open(url) as ledger:
        for name, uuid in UUIDS.items():
            ledger.name_aggregate(uuid, name)
        ledger.put_records([ProviderRecord(name="host", aggregates=("rack-1", UNNAMED))])


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    with Session(LedgerLocation(database=url)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("word", "uuid"),
    [
        ("rack-1", UUIDS["rack-1"]),
        (UUIDS["zone"].upper(), UUIDS["zone"]),
        ("rack-10", UUIDS["Rack-10"]),
        ("z", UUIDS["zone"]),
        ("1f", UUIDS["Rack-10"]),
        ("2f", UNNAMED),
        ("shelf", "shelf"),
    ],
)
def test_a_uuid_a_name_or_a_unique_beginning(word: str, uuid: str, session: Session) -> None:
    """A word that fits none goes to the ledger, which refuses it."""
    assert resolve_prefix(session, word) == uuid


def test_a_beginning_of_several_is_ambiguous(session: Session) -> None:
    with pytest.raises(Ambiguous, match="several names match 'rack': Rack-10, rack-1"):
        resolve_prefix(session, "rack")
    with pytest.raises(Ambiguous, match=f": {UNNAMED}, zone"):
        resolve_prefix(session, "2")


def test_a_long_name_is_whole_at_80_columns() -> None:
    from rich.console import Console

    table = tables.aggregates([NameItem(UUIDS["zone"], 1, 0, 12_000, LONG, "rack"), NameItem(UNNAMED, 2, 0, 1)])
    console = Console(width=80)
    with console.capture() as printed:
        console.print(table.rich())
    assert f"{LONG}  rack     12,000  " in printed.get()
    assert "…" not in printed.get()


def test_aggregates_are_named_from_the_command_line(tmp_path: Path) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--database", f"sqlite:///{tmp_path}/berth.db"])
        assert done.exit_code == 0, done.output
        return done.output

    with berth.open(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("host-1")
    uuid = json.loads(run("aggregate", "create", "rack-7", "--kind", "rack", "--json"))["uuid"]
    assert run("aggregate", "rename", "rack-7", "rack-8") == f"aggregate {uuid} is named rack-8, a rack\n"
    assert run("aggregate", "add", "host-1", "rack-8") == "host-1 is in rack-8\n"
    assert "aggregates: rack-8\n" in run("show", "host-1")
    assert run("aggregates", "--csv") == f"name,kind,providers,uuid\nrack-8,rack,1,{uuid}\n"
    assert run("aggregate", "unname", "rack-8") == f"aggregate {uuid} has no name\n"
    run("aggregate", "create", "rack-9", "--uuid", uuid)
    with berth.open(f"sqlite:///{tmp_path}/berth.db") as ledger:
        assert [(each.label, each.kind) for each in ledger.names(NameKind.AGGREGATE)] == [("rack-9", "")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("create", "rack-1"), "has the name rack-1 already"),
        (("create", "shelf", "--uuid", UUIDS["zone"]), "its name is zone already: use `berth aggregate rename`"),
        (("create", "shelf", "--uuid", "7"), "that is not a uuid"),
        (("create", "a,b"), "cannot contain ','"),
        (("create", "shelf", "--kind", "Big One"), "is not a kind of aggregate"),
        (("rename", "rakc-1", "shelf"), "There is no aggregate rakc-1. Did you mean rack-1"),
        (("rename", "zone", "rack-1"), "has the name rack-1 already"),
        (("unname", "z"), "There is no aggregate z."),
        (("add", "host", "zoen"), "Did you mean zone?"),
        (("remove", "host", "zoen"), "Did you mean zone?"),
    ],
)
def test_what_is_refused_changes_nothing(words: tuple[str, ...], says: str, url: str) -> None:
    with berth.open(url) as ledger:
        before = ledger.head()
        done = CliRunner().invoke(app, ["aggregate", *words, "--database", url], env={"COLUMNS": "200"})
        assert done.exit_code in (1, 2)
        assert says in " ".join(done.output.split())
        assert ledger.head() == before
