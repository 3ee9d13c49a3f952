"""Names of aggregates: unique, seen by every process, part of the log and of checkpoints, and verified."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from berth.ledger import Ledger, checkpoint, open_ledger
from berth.ledger.audit import chain
from berth.ledger.mend import mend
from berth.ledger.replay import Books, replay
from berth.ledger.verify import verify
from berth.model.aggregate import AggregateName
from berth.model.caller import Caller
from berth.model.change import NameKind
from berth.model.errors import AggregateNameTaken, AggregateNotFound, Invalid
from berth.model.record import ProviderRecord
from berth.model.request import ProviderQuery
from berth.store import changes
from berth.store.backend import StaleRead
from berth.store.engine import Database
from tests.support.damaged_log import append_entry

RACK, ROW, ROOM = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A host in a rack that was given in capitals, and is named by the usual form of its uuid."""
    with open_ledger(url) as opened:
        opened.put_records([ProviderRecord(name="host", aggregates=(RACK.upper(),))])
        opened.name_aggregate(RACK, "rack-7", kind="rack")
        yield opened


def labels(ledger: Ledger) -> dict[str, tuple[str, str]]:
    return {each.name: (each.label, each.kind) for each in ledger.names(NameKind.AGGREGATE)}


def test_names_are_unique_and_seen_by_every_process(ledger: Ledger, url: str, database: Database) -> None:
    with open_ledger(url) as other:
        assert other.name_aggregate(ROW, "Rack-7") == ROW, "the case of letters counts"
        with pytest.raises(AggregateNameTaken, match=f"{RACK} has the name rack-7"):
            other.name_aggregate(ROW, "rack-7")
        assert labels(ledger) == labels(other) == {RACK: ("rack-7", "rack"), ROW: ("Rack-7", "")}
        ledger.name_aggregate("rack-7", "spare")
        ledger.name_aggregate(ROW, "rack-7", kind="row")
        assert labels(other) == {RACK: ("spare", "rack"), ROW: ("rack-7", "row")}
        (host,) = other.providers(ProviderQuery(member_of=(frozenset(("spare",)),)))
        assert other.aggregates(host.uuid).aggregates == [RACK.upper()], "facts keep what was given"
        assert other.set_aggregates(host.uuid, ["rack-7"]).aggregates == [ROW]
        ledger.name_aggregate("spare", None)
    with open_ledger(url) as again:
        assert labels(again) == {ROW: ("rack-7", "row")}, "no provider is in the other, and it has no name"
    assert verify(database).findings == ()
    assert chain.verify(database).findings == ()


def test_the_database_itself_refuses_a_name_twice(ledger: Ledger, database: Database) -> None:
    ledger.name_aggregate(ROW, "row")
    with pytest.raises(StaleRead), database.writing() as connection:
        connection.execute(text("UPDATE names SET label = 'rack-7' WHERE label = 'row'"))


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE names SET label = 'other' WHERE label = 'rack-7'", "is 'other', a rack, by the log 'rack-7', a rack"),
        ("UPDATE names SET label_kind = 'zone' WHERE label = 'rack-7'", "is 'rack-7', a zone, by the log"),
        ("UPDATE names SET label = NULL, label_kind = NULL WHERE label = 'rack-7'", "is none, by the log 'rack-7'"),
        (f"UPDATE names SET label = 'row' WHERE name = '{RACK.upper()}'", f"{RACK.upper()} is 'row', by the log none"),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_a_name_that_was_written_by_hand_is_found(database: Database, damage: str, finding: str) -> None:
    assert verify(database).findings == ()
    with database.writing() as connection:
        connection.execute(text(damage))
    assert any(finding in each for each in verify(database).findings), verify(database).findings


def test_a_checkpoint_keeps_names_and_is_as_before_without(ledger: Ledger, database: Database) -> None:
    books = replayed(database)
    assert books.aggregate_names == {RACK: AggregateName("rack-7", "rack")}
    named = b"".join(checkpoint.pieces(books))
    assert named.endswith(f'["label","{RACK}",["rack-7","rack"]]\n'.encode())
    ledger.name_aggregate(RACK, None)
    assert b"".join(checkpoint.pieces(replayed(database))) == named[: named.index(b'["label"')]


def test_names_in_an_entry_that_cannot_be_read_are_mended(ledger: Ledger, database: Database) -> None:
    facts = f'{{"aggregate_names":{{"{RACK}":["lost",7]}}}}'
    append_entry(database, "NameAggregate", facts, "UPDATE names SET label = 'lost' WHERE label = 'rack-7'")
    assert labels(ledger)[RACK] == ("lost", "rack")
    assert verify(database).findings != ()
    mend(database, Caller(name="ada"), apply=True)
    assert verify(database).findings == ()
    assert ledger.changes(after=ledger.head() - 1)[0].facts.aggregate_names == {RACK: AggregateName("lost", "rack")}


def test_what_is_refused_changes_nothing(ledger: Ledger, database: Database) -> None:
    before, host = ledger.head(), ledger.providers()[0].uuid
    for attempt in (
        lambda: ledger.name_aggregate("rakc-7", "x"),
        lambda: ledger.edit_aggregates(host, add=["rack-7", "rakc-7"]),
        lambda: ledger.edit_aggregates(host, remove=["rakc-7"]),
        lambda: ledger.set_aggregates(host, [ROOM, "rakc-7"]),
    ):
        with pytest.raises(AggregateNotFound, match=r"no aggregate rakc-7. Did you mean rack-7\?") as refused:
            attempt()
        assert refused.value.suggestions == ("rack-7",)
    with pytest.raises(Invalid):
        ledger.name_aggregate(ROOM, ROW)
    assert ledger.name_aggregate(ROOM, None) == ROOM, "an aggregate without a name has none afterwards"
    assert ledger.name_aggregate(RACK, "rack-7") == RACK
    assert ledger.head() == before


def replayed(database: Database) -> Books:
    with database.reading() as connection:
        books, _ = checkpoint.load(connection)
        assert not list(replay(books, changes.after(connection, books.number)))
        return books
