"""Owners of consumers in the logs: one swapped by hand in the tables is found; what older Berths wrote stays valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from berth.ledger import Ledger, checkpoint, open_ledger
from berth.ledger.audit import archive as archives
from berth.ledger.audit.archive_file import verify_archives
from berth.ledger.audit.chain import verify as verify_chain
from berth.ledger.replay import Books, replay
from berth.ledger.verify import verify
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, Holdings
from berth.model.caller import Caller
from berth.model.change import Facts
from berth.model.commands import KEEP, Claim
from berth.model.consumer import Owner
from berth.model.term import Span
from berth.store import changes
from berth.store.engine import Database
from berth.store.tables import consumers
from tests.support.filled_ledger import HOST, JOB, NODE, POOL, VM, fill

ADA = Owner("students", "ada", "JOB")
TEN = {POOL: {"DISK_GB": 10}}


def last_facts(ledger: Ledger, consumer: str) -> tuple[Facts, Facts]:
    """Return the state before and after a consumer's last change."""
    record = ledger.history(consumer, most=1)[0]
    assert record.after is not None
    return record.before or Facts(), record.after


def claim(ledger: Ledger, owner: Owner = ADA) -> None:
    ledger.claim(Claim(consumer=JOB, allocations=TEN, project=owner.project, user=owner.user, type=owner.type))


def replayed(database: Database) -> Books:
    """Return the books that the log makes."""
    books = Books()
    with database.reading() as connection:
        assert list(replay(books, changes.after(connection, 0))) == []
    return books


def test_every_change_of_a_consumer_says_whose_it_is(url: str) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
        ledger.release(JOB)
        claim(ledger)
        assert last_facts(ledger, JOB)[1].owners == {JOB: ADA}
        ledger.claim(Claim(consumer=JOB, allocations=TEN, project="students", user="ada", type=KEEP))
        before, after = last_facts(ledger, JOB)
        assert (before.owners, after.owners) == ({}, {JOB: ADA})

        claim(ledger, Owner("rival", "eve", None))
        before, after = last_facts(ledger, JOB)
        assert (before.owners, after.owners) == ({JOB: ADA}, {JOB: Owner("rival", "eve", None)})

        ledger.release(JOB)
        before, after = last_facts(ledger, JOB)
        assert (before.claims, after.claims) == ({JOB: TEN}, {JOB: {}})
        assert after.owners == {JOB: Owner("rival", "eve", None)}
        assert after == ledger.changes(ledger.head() - 1)[0].facts


def test_a_claim_of_nothing_releases_as_the_owner_of_before(url: str) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
        claim(ledger)
        ledger.claim(Claim(consumer=JOB, allocations={}, project="rival", user="eve"))
        before, after = last_facts(ledger, JOB)
        assert (before.owners, after.owners) == ({}, {JOB: ADA})


@pytest.mark.parametrize(
    ("column", "value", "finding"),
    [
        ("project", "rival", f"{JOB} is of project rival, user u, type JOB, by the log of project q, user u, type JOB"),
        ("user", "eve", f"{JOB} is of project q, user eve, type JOB, by the log of project q, user u, type JOB"),
        ("type_id", None, f"{JOB} is of project q, user u, type unknown, by the log of project q, user u, type JOB"),
    ],
)
def test_an_owner_swapped_by_hand(database: Database, url: str, column: str, value: str | None, finding: str) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
        assert verify(database).findings == ()
        with database.writing() as connection:
            connection.execute(update(consumers).where(consumers.c.uuid == JOB).values({column: value}))
        assert verify(database).findings == (finding,)
        ledger.release(JOB)
    (found,) = verify(database).findings
    assert f"{JOB} was released as of" in found


@pytest.fixture
def without_owners(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Write no owners, as Berth did before, until it is undone."""
    hold = Draft.hold

    def held(draft: Draft, consumer: DraftConsumer, holdings: Holdings, span: Span | None) -> None:
        hold(draft, consumer, holdings, span)
        draft.facts.owners.clear()

    monkeypatch.setattr(Draft, "hold", held)
    return monkeypatch


def test_entries_without_owners_stay_valid(database: Database, url: str, without_owners: pytest.MonkeyPatch) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
        without_owners.undo()
        assert verify(database).summary.endswith("not in the log until their next change: the owners of 2 consumers")
        assert b'"owned"' not in b"".join(checkpoint.pieces(replayed(database)))  # its hash is that of before
        claim(ledger)
        assert verify(database).summary.endswith("not in the log until their next change: the owners of 1 consumer")
        ledger.claim(
            Claim(consumer=VM, allocations={HOST: {"VCPU": 2}, NODE: {"MEMORY_MB": 64}}, project="p", user="u")
        )
        assert verify(database).summary.endswith(": all agree")
        ledger.release(VM)
    assert (verify(database).findings, verify_chain(database).findings) == ((), ())


def test_a_checkpoint_keeps_owners(
    database: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "YOUNGEST_US", 0)
    with open_ledger(url) as ledger:
        fill(ledger)
        claim(ledger)
    assert archives.archive(database, 2**62, tmp_path, Caller(name="ada", via="local")) is not None
    with database.reading() as connection:
        books, findings = checkpoint.load(connection)
    assert findings == []
    assert books.owners == {VM: Owner("p", "u", None), JOB: ADA}
    assert verify(database).findings == ()
    assert verify_archives([tmp_path], database).findings == ()
    with database.writing() as connection:
        connection.execute(update(consumers).where(consumers.c.uuid == VM).values(user="eve"))
    assert "user eve" in verify(database).findings[0]
