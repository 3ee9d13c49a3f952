"""Drains: seen by every process and both APIs, part of the log and of checkpoints, verified, mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from berth import Claim, Group, Inventory, errors
from berth.ledger import Ledger, checkpoint, open_ledger
from berth.ledger.mend import mend
from berth.ledger.replay import Books, replay
from berth.ledger.verify import verify
from berth.model.caller import Caller
from berth.model.drain_state import DrainFact
from berth.model.overview import ProviderFilter
from berth.model.request import CandidateRequest
from berth.store import changes
from berth.store.engine import Database
from tests.support.damaged_log import append_entry

HOST, PART, SPARE = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "123")
JOB, NEW = (f"00000000-0000-4000-8000-0000000000c{digit}" for digit in "12")
ONE = CandidateRequest(groups=(Group(resources={"VCPU": 1}),))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A host with a part, of which a job holds 2 of 4 VCPU, is drained; a spare host with 4 is not."""
    with open_ledger(url, actor="ada") as opened:
        opened.create_provider("host", uuid=HOST)
        opened.create_provider("part", uuid=PART, parent=HOST)
        opened.create_provider("spare", uuid=SPARE)
        for uuid in (PART, SPARE):
            opened.set_inventories(uuid, {"VCPU": Inventory(total=4)})
        opened.claim(Claim(consumer=JOB, allocations={PART: {"VCPU": 2}}, project="p", user="u"))
        opened.drain("host", why="fan")
        yield opened


def test_a_drain_is_seen_by_every_process(ledger: Ledger, url: str, database: Database) -> None:
    since = ledger.changes(after=ledger.head() - 1)[0].at
    with open_ledger(url, actor="ben") as other:
        for each in (ledger, other):
            assert [list(found.allocations) for found in each.find(ONE).candidates] == [[SPARE]]
            drain = each.details(PART).drain
            assert drain is not None
            assert (drain.provider, drain.name, drain.since, drain.by, drain.why) == (HOST, "host", since, "ada", "fan")
            assert [item.name for item in each.search(ProviderFilter(drained=True)).items] == ["host"]
            overview = each.overview()
            (vcpu,) = overview.classes
            assert (overview.drained, vcpu.drained, vcpu.largest_free) == (1, 2, 4)
            with pytest.raises(errors.ProviderDrained):
                each.claim(Claim(consumer=NEW, allocations={PART: {"VCPU": 1}}, project="p", user="u"))
            with pytest.raises(errors.DrainedAbove, match="because host, above it,"):
                each.undrain("part")
        assert other.allocate(ONE, project="p", user="u").allocations == {SPARE: {"VCPU": 1}}
        other.claim(Claim(consumer=JOB, allocations={SPARE: {"VCPU": 2}}, project="p", user="u"))
        other.undrain([HOST])
        for each in (ledger, other):
            assert {uuid for found in each.find(ONE).candidates for uuid in found.allocations} == {PART, SPARE}
        ledger.drain(where=ProviderFilter(name="host"), why="again")
        ledger.delete_tree(HOST)
    with open_ledger(url) as again:
        assert again.overview().drained == 0
    records = [each for each in ledger.audit() if each.operation in ("Drain", "Undrain")]
    assert [(each.operation, each.actor, each.target) for each in reversed(records)] == [
        ("Drain", "ada", HOST),
        ("Undrain", "ben", HOST),
        ("Drain", "ada", "all that match"),
    ]
    assert verify(database).findings == ()


def test_a_drain_that_was_written_by_hand_is_found(ledger: Ledger, database: Database) -> None:
    for damage, finding in (
        ("UPDATE drains SET why = 'disk'", "why='disk'), by the log DrainFact"),
        ("DELETE FROM drains", f"the drain of {HOST} is None, by the log DrainFact"),
    ):
        with database.writing() as connection:
            connection.execute(text(damage))
        assert any(finding in each for each in verify(database).findings), verify(database).findings


def test_a_claim_of_a_drained_host_that_no_ledger_grants_is_found(ledger: Ledger, database: Database) -> None:
    facts = f'{{"used":{{"{PART}":{{"VCPU":3}}}},"claims":{{"{JOB}":{{"{PART}":{{"VCPU":3}}}}}}}}'
    append_entry(database, "SetAllocations", facts, "UPDATE allocations SET amount = 3")
    assert any("of which 2 were held when it was drained" in each for each in verify(database).findings)


def test_a_checkpoint_keeps_drains_and_is_as_before_without(ledger: Ledger, database: Database) -> None:
    books = replayed(database)
    since = books.drains[HOST].since
    assert books.drains == {HOST: DrainFact(since, "ada", "fan")}
    drained = b"".join(checkpoint.pieces(books))
    line = f'["drain","{HOST}",[{since},"ada","fan"]]\n'.encode()
    assert line in drained
    ledger.undrain(HOST)
    assert b"".join(checkpoint.pieces(replayed(database))) == drained.replace(line, b"")


def test_drains_in_an_entry_that_cannot_be_read_are_mended(ledger: Ledger, database: Database) -> None:
    append_entry(database, "Undrain", f'{{"drains":{{"{HOST}":7}}}}', "DELETE FROM drains")
    assert verify(database).findings != ()
    mend(database, Caller(name="ada"), apply=True)
    assert verify(database).findings == ()
    assert ledger.changes(after=ledger.head() - 1)[0].facts.drains == {HOST: None}
    assert ledger.details(HOST).drain is None


def replayed(database: Database) -> Books:
    with database.reading() as connection:
        books, _ = checkpoint.load(connection)
        assert not list(replay(books, changes.after(connection, books.number)))
        return books
