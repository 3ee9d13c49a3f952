"""Verification of the audit log finds every manual change of it, with its position."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from berth.ledger import open_ledger
from berth.ledger.audit import archive, archive_file, chain
from berth.ledger.audit.chain import Verification
from berth.model.caller import Caller
from berth.model.errors import Conflict
from berth.store import audit, audit_index, head
from berth.store.engine import Database
from tests.support.filled_ledger import HOST, VM, fill

LAST = 15
ADMIN = Caller(name="root", via="local")


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Two of them are full after the last record, and no record is too young for an archive."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_index, "BLOCK", 8)
        patch.setattr(archive, "YOUNGEST_US", 0)
        yield


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("audit") / "ledger.db"
    with open_ledger(f"sqlite:///{file}") as ledger:
        fill(ledger)
        ledger.release(VM)
    return file


@pytest.fixture
def database(filled: Path, tmp_path: Path) -> Iterator[Database]:
    """A copy to be damaged."""
    shutil.copy(filled, tmp_path / "ledger.db")
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    yield database
    database.close()


def damage(database: Database, *statements: str) -> Verification:
    with database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return chain.verify(database)


def test_a_log_that_nobody_touched_is_whole(database: Database) -> None:
    checked = chain.verify(database)
    assert (checked.findings, checked.first, checked.last, len(checked.seal)) == ((), 1, LAST, 64)


ALTERED = {
    "at": "at + 1",
    "request": "'req-0'",
    "actor": "'somebody'",
    "via": "'token'",
    '"user"': "'u'",
    "project": "'p'",
    "roles": "'admin'",
    "address": "'192.0.2.1'",
    "operation": "'DeleteProvider'",
    "target": "'host'",
    "outcome": "'403'",
    "why": "'why not'",
    '"change"': "99",
    '"before"': "'{}'",
}


@pytest.mark.parametrize("column", ALTERED)
@pytest.mark.parametrize("number", [1, 9, LAST])
def test_an_altered_record(database: Database, column: str, number: int) -> None:
    checked = damage(database, f"UPDATE audit SET {column} = {ALTERED[column]} WHERE number = {number}")
    assert checked.findings[0].number == number, checked.findings
    assert f"record {number}" in checked.findings[0].why


def test_every_column_was_tried() -> None:
    from berth.store.tables import audit

    assert {*(name.strip('"') for name in ALTERED), "number", "hash"} == set(audit.columns.keys())


SWAPPED = (
    "UPDATE audit SET number = -1 WHERE number = 4",
    "UPDATE audit SET number = 4 WHERE number = 5",
    "UPDATE audit SET number = 5 WHERE number = -1",
)
COPIED = 'INSERT INTO audit SELECT 16, at, request, actor, via, "user", project, roles, address, operation, target, '

DAMAGES: dict[tuple[str, ...], tuple[int, str]] = {
    ("UPDATE audit SET hash = 'none' WHERE number = 9",): (9, "record 9, or the one before it, is not as it was"),
    ("DELETE FROM audit WHERE number = 9",): (9, "record 9 is missing"),
    ("DELETE FROM audit WHERE number BETWEEN 4 AND 6",): (4, "records 4 to 6 are missing"),
    ("DELETE FROM audit WHERE number < 4",): (3, "records 1 to 3 are missing, and no archive covers them"),
    (f"DELETE FROM audit WHERE number = {LAST}",): (LAST, f"record {LAST} is missing"),
    ("DELETE FROM audit",): (1, f"records 1 to {LAST} are missing"),
    SWAPPED: (4, "record 4, or the one before it, is not as it was sealed"),
    (COPIED + "outcome, why, \"change\", \"before\", hash FROM audit WHERE number = 15",): (16, "record 16"),
    ("UPDATE changes SET facts = '{}' WHERE number = 9",): (9, "record 9"),
    ("UPDATE head SET audit_hash = 'none'",): (LAST, "which is not what the head says"),
    ("UPDATE head SET audit_number = audit_number - 1",): (LAST, "which is not what the head says"),
    (f"DELETE FROM audit_subjects WHERE subject = '{HOST}' AND number = 2",): (2, "indexed under other providers"),
    (f"INSERT INTO audit_subjects VALUES (1, '{HOST}', 8)",): (8, "indexed under other providers"),
    ("INSERT INTO changes SELECT 16, at, operation, actor, request, facts FROM changes WHERE number = 15",
     "UPDATE head SET number = 16"): (LAST, "the last change with a record is 15, the last one 16"),
}  # fmt: skip


@pytest.mark.parametrize("statements", DAMAGES, ids=lambda statements: statements[0][:60])
def test_a_damaged_log(database: Database, statements: tuple[str, ...]) -> None:
    number, why = DAMAGES[statements]
    findings = damage(database, *statements).findings
    assert any(finding.number == number and why in finding.why for finding in findings), findings


def test_a_log_that_was_made_anew_does_not_hold_a_seal_of_before(database: Database) -> None:
    checked = chain.verify(database)
    noted = (checked.last, checked.seal)
    assert chain.verify(database, noted).findings == ()
    assert chain.verify(database, (9, checked.seal)).findings[0].number == 9
    assert chain.verify(database, (99, checked.seal)).findings[0].why == (
        "record 99, whose seal was noted, is not in the log"
    )


def test_old_records_leave_for_an_archive(database: Database, tmp_path: Path) -> None:
    with database.reading() as connection:
        at = connection.execute(text("SELECT at FROM audit WHERE number = 9")).scalar_one()
    file = tmp_path / "archive.jsonl"
    noted = chain.verify(database)
    assert archive.archive(database, at, file, ADMIN) == (file, 1, 8)
    after = chain.verify(database, (noted.last, noted.seal))
    assert (after.findings, after.first, after.last) == ((), 9, LAST + 2)
    lines = file.read_bytes().splitlines()
    archived = archive_file.verify_archive(lines)
    assert (archived.findings, archived.first, archived.last) == ((), 1, 8)
    assert chain.verify(database, (8, archived.seal)).findings == ()
    lines[3] = lines[3].replace(b"CreateProvider", b"DeleteProvider")
    assert archive_file.verify_archive(lines).findings[0].number == 4
    with open_ledger(str(database.url)) as ledger:
        checkpoint, vouching = ledger.audit(most=2)
        assert (vouching.operation, vouching.target, vouching.actor) == ("ArchiveAudit", "8", "root")
        assert (checkpoint.operation, checkpoint.target, checkpoint.actor) == ("SealCheckpoint", "8", "root")
        fill_more = ledger.create_provider("another")
        assert ledger.history(fill_more.uuid)[0].number == LAST + 3
    second = tmp_path / "second.jsonl"
    assert archive.archive(database, 2**62, second, ADMIN) == (second, 9, LAST + 3)
    assert chain.verify(database).findings == ()
    assert archive.archive(database, 0, tmp_path / "none.jsonl", ADMIN) is None


def test_an_archive_cannot_be_pretended(database: Database, tmp_path: Path) -> None:
    archive.archive(database, 2**62, tmp_path / "archive.jsonl", ADMIN)
    with open_ledger(str(database.url)) as ledger:
        ledger.create_provider("another")
    checked = damage(database, "UPDATE audit SET why = 'none' WHERE operation = 'ArchiveAudit'")
    assert checked.findings


def test_a_log_that_is_not_whole_is_not_archived(database: Database, tmp_path: Path) -> None:
    damage(database, "DELETE FROM audit WHERE number = 9")
    with pytest.raises(Conflict, match="not whole, so that nothing is archived: record 9 is missing"):
        archive.archive(database, 2**62, tmp_path / "archive.jsonl", ADMIN)
    assert not (tmp_path / "archive.jsonl").exists()


def test_a_line_that_is_no_record(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "archive.jsonl"
    archive.archive(database, 2**62, file, ADMIN)
    lines = file.read_bytes().splitlines()
    for broken in (b"", b"{}", b"[]", b"\xff", msgspec.json.encode({"facts": None})):
        assert any(
            "line 3" in each.why for each in archive_file.verify_archive([*lines[:2], broken, *lines[3:]]).findings
        )


@pytest.mark.parametrize("facts", ["{", "[]", '{"names": 1}'])
def test_facts_that_are_none_any_more_are_reported_and_listed(database: Database, facts: str) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE changes SET facts = :facts WHERE number = 9"), {"facts": facts})
        connection.execute(text('UPDATE audit SET "before" = :facts WHERE number = 10'), {"facts": facts})
    assert {9, 10} <= {each.number for each in chain.verify(database).findings}
    with open_ledger(str(database.url)) as ledger:
        ninth, tenth = ledger.audit(after=8, most=2)
        assert (ninth.number, ninth.after, tenth.before) == (9, None, None)


BY_HAND: dict[str, tuple[str, ...]] = {
    "altered": ("UPDATE audit SET target = 'x' WHERE number = :n",),
    "deleted": ("DELETE FROM audit WHERE number = :n",),
    "its change altered": ("UPDATE changes SET facts = '{}' WHERE number = (SELECT number FROM head) - :left",),
    "moved": (
        "UPDATE audit SET number = -1 WHERE number = :n",
        "UPDATE audit SET number = :n WHERE number = :n + 1",
        "UPDATE audit SET number = :n + 1 WHERE number = -1",
    ),
}


@pytest.mark.parametrize("way", BY_HAND)
def test_whatever_is_done_to_any_record_is_reported_with_its_place(ledger_url: str, way: str) -> None:
    """On every database: each record in turn, each time undone again."""
    with open_ledger(ledger_url) as ledger:
        fill(ledger)
        ledger.release(VM)
    database = Database(ledger_url)
    last = chain.verify(database).last
    for number in range(1, last + (way != "moved")):
        with database.migrating() as connection:
            for statement in BY_HAND[way]:
                words = {"n": number, "left": last - number}
                connection.execute(text(statement), {name: words[name] for name in words if f":{name}" in statement})
            verifier = chain.ChainVerifier()
            findings = [each for stored in audit.stored(connection) for each in verifier.check(stored)]
            findings += [*verifier.check_start(), *verifier.check_end(head.read(connection))]
            connection.rollback()
        assert any(each.number == number and f"{number}" in each.why for each in findings), (number, findings)
    assert chain.verify(database).findings == ()
    database.close()
