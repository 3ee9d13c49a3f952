"""Archives of both logs: what leaves, what remains, and that a run can be broken off anywhere."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from berth.ledger import Ledger, open_ledger
from berth.ledger import verify as ledger_verify
from berth.ledger.audit import archive, archive_file, chain
from berth.ledger.audit.archive_file import verify_archives
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.errors import ChangesGone, Conflict
from berth.store import audit, checkpoints, head
from berth.store.engine import Database
from berth.store.tables import audit as audit_table
from berth.store.tables import audit_subjects, checkpoint_pieces
from berth.store.tables import changes as change_table
from tests.support.archive_steps import STEPS, break_off
from tests.support.filled_ledger import HOST, JOB, fill
from tests.unit.ledger.audit.conftest import RECORDS

ADMIN = Caller(name="root", via="local")
EVER = 2**62


def whole(database: Database) -> None:
    """Check that neither `berth db verify` nor `berth audit verify` has a finding."""
    assert ledger_verify.verify(database).findings == ()
    assert chain.verify(database).findings == ()


def numbers(database: Database, table: Any) -> list[int]:
    with database.reading() as connection:
        return list(connection.execute(select(table.c.number).order_by(table.c.number)).scalars())


def moment_of(database: Database, number: int) -> int:
    with database.reading() as connection:
        at: int = connection.execute(select(audit_table.c.at).where(audit_table.c.number == number)).scalar_one()
    return at


def test_both_logs_leave_together(filled: Database, tmp_path: Path) -> None:
    before = moment_of(filled, 9)
    assert archive.archive(filled, before, tmp_path / "old.jsonl", ADMIN) == (tmp_path / "old.jsonl", 1, 8)
    assert numbers(filled, change_table) == list(range(9, RECORDS + 1))
    assert numbers(filled, audit_table) == list(range(9, RECORDS + 3))
    whole(filled)
    assert "7 changes since the checkpoint of change 8" in ledger_verify.verify(filled).summary
    with open_ledger(str(filled.url)) as ledger:
        assert [each.operation for each in ledger.audit(most=2)] == ["SealCheckpoint", "ArchiveAudit"]
        with pytest.raises(ChangesGone) as gone:
            ledger.changes(7)
        assert gone.value.first == 9


def test_everything_can_leave(filled: Database, tmp_path: Path) -> None:
    assert archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN) == (tmp_path / "old.jsonl", 1, RECORDS)
    assert numbers(filled, change_table) == []
    whole(filled)
    with open_ledger(str(filled.url)) as ledger:
        ledger.release(JOB)
    whole(filled)


def test_one_archive_after_the_other(filled: Database, tmp_path: Path) -> None:
    files = [tmp_path / f"{place}.jsonl" for place in range(4)]
    archive.archive(filled, moment_of(filled, 6), files[0], ADMIN)
    archive.archive(filled, moment_of(filled, 11), files[1], ADMIN)
    with open_ledger(str(filled.url)) as ledger:
        ledger.release(JOB)
    archive.archive(filled, EVER, files[2], ADMIN)
    archive.archive(filled, EVER, files[3], ADMIN)  # records of the last run only: no change
    result = verify_archives(files, filled)
    assert (result.findings, result.first, result.last) == ((), 1, RECORDS + 1 + 4 * 2)
    whole(filled)
    with filled.reading() as connection:
        assert checkpoints.last(connection).number == RECORDS + 1
        assert set(connection.execute(select(checkpoint_pieces.c.number)).scalars()) == {RECORDS + 1}
    # From a later archive on, what the changes make is not known, but the chain is.
    assert verify_archives(files[1:], filled).findings == ()
    found = verify_archives([files[0], *files[2:]], filled).findings
    assert [each.why for each in found] == [
        "records 6 to 10 are missing",
        "record 11 is of change 11, where that of 6 is due",
        "change 11 follows change 5",
    ]


def test_the_seal_of_a_record_is_found_in_the_archive_too(filled: Database, tmp_path: Path) -> None:
    noted = chain.verify(filled)
    archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN)
    assert verify_archives([tmp_path / "old.jsonl"], filled, (noted.last, noted.seal)).findings == ()
    assert verify_archives([tmp_path / "old.jsonl"], None, (noted.last, noted.seal)).findings == ()
    for database in (filled, None):
        for wrong in (9, 99):
            (found,) = verify_archives([tmp_path / "old.jsonl"], database, (wrong, noted.seal)).findings
            assert found.number == wrong


def test_an_archive_of_other_changes_does_not_agree_with_the_checkpoint(filled: Database, tmp_path: Path) -> None:
    with filled.writing() as connection:  # as if the log had begun later, as in a ledger from before the audit log
        connection.execute(text("DELETE FROM audit WHERE number < 4"))
        connection.execute(text("UPDATE audit SET number = number - 3"))
        _seal_again(connection)
    file = tmp_path / "old.jsonl"
    archive.archive(filled, EVER, file, ADMIN)
    assert verify_archives([file], filled).findings == ()
    content = file.read_bytes()
    assert content.startswith(b'{"unrecorded":{"number":1,')
    file.write_bytes(content.replace(b'"CUSTOM_FAST"', b'"CUSTOM_FASS"', 1).replace(b'"host"', b'"hosd"', 1))
    found = verify_archives([file], filled).findings
    assert any("do not make what their checkpoint seals" in each.why for each in found), found


def _seal_again(connection: Any) -> None:
    """Give every record of a log that was shortened its number and seal."""
    previous = ""
    for stored in list(audit.stored(connection)):
        previous = audit.seal(previous, stored.row, stored.facts)
        connection.execute(
            audit_table.update().where(audit_table.c.number == stored.row["number"]).values(hash=previous)
        )
    connection.execute(audit_subjects.delete())
    at = head.read(connection)
    number = connection.execute(select(func.max(audit_table.c.number))).scalar_one()
    assert head.move(connection, at, at._replace(audit_number=number, audit_hash=previous))


def test_what_an_earlier_berth_left_behind_leaves_as_well(filled: Database, tmp_path: Path) -> None:
    """It archived records only: changes 1 to 5 have none here any more."""
    with filled.writing() as connection:
        at = head.read(connection)
        covering = audit.Chain(at.audit_number, at.audit_hash)
        sealed = connection.execute(select(audit_table.c.hash).where(audit_table.c.number == 5)).scalar_one()
        covering.add(time.time_ns() // 1000, ADMIN, "", chain.ARCHIVED, "5", why=sealed)
        audit.append(connection, covering)
        audit.drop(connection, 1, 5)
        assert head.move(connection, at, at._replace(audit_number=covering.number, audit_hash=covering.hash))
    whole(filled)
    file = tmp_path / "old.jsonl"
    assert archive.archive(filled, EVER, file, ADMIN) == (file, 6, RECORDS + 1)
    assert file.read_bytes().startswith(b'{"unrecorded":{"number":1,')
    assert numbers(filled, change_table) == []
    whole(filled)
    assert verify_archives([file], filled).findings == ()


def test_records_of_a_clock_that_was_set_back_stay(filled: Database, tmp_path: Path) -> None:
    """Everything up to the last one that leaves is older than the moment."""
    with open_ledger(str(filled.url)) as ledger:
        ledger._writer.time.use(lambda: 1_000)
        ledger.create_trait("CUSTOM_OF_1970")
    assert archive.archive(filled, 2_000, tmp_path / "old.jsonl", ADMIN) is None
    assert not list(tmp_path.glob("old.jsonl*"))


def test_young_records_stay(filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "YOUNGEST_US", 300_000_000)
    assert archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN) is None


SEALED = ("the file is sealed", "records are deleted", "changes are deleted")


class Broken(BaseException):
    """The process ends here."""


def end() -> None:
    raise Broken


@pytest.mark.parametrize("same_file", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_was_broken_off_is_completed(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, same_file: bool
) -> None:
    monkeypatch.setattr(archive, "FIRST_SLICE", 3)
    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, step, end)
        with pytest.raises(Broken):
            archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN)
    whole(filled)
    with open_ledger(str(filled.url)) as ledger:
        ledger.create_trait("CUSTOM_MEANWHILE")
    whole(filled)
    again = tmp_path / ("old.jsonl" if same_file else "again.jsonl")
    archive.archive(filled, EVER, again, ADMIN)
    whole(filled)
    files = [tmp_path / "old.jsonl", again] if step in SEALED and not same_file else [again]
    assert verify_archives(files, filled).findings == ()
    with filled.reading() as connection:
        first = audit.first_since(connection, None)
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    assert len(lines) + 1 == first
    assert not list(tmp_path.glob("*.part"))


def test_a_part_of_a_killed_run_is_written_again(filled: Database, tmp_path: Path) -> None:
    (tmp_path / "old.jsonl.part").write_bytes(b"half of a li")
    assert archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN) == (tmp_path / "old.jsonl", 1, RECORDS)
    assert archive_file.verify_archive((tmp_path / "old.jsonl").read_bytes().splitlines()).findings == ()


@pytest.mark.parametrize("content", [b"", b"my diary\n", b'{"number": 1}\n'])
def test_a_file_of_others_is_let_alone(filled: Database, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "old.jsonl"
    file.write_bytes(content)
    with pytest.raises(FileExistsError):
        archive.archive(filled, EVER, file, ADMIN)
    assert file.read_bytes() == content
    assert len(numbers(filled, audit_table)) == RECORDS


def test_an_earlier_archive_is_let_alone(filled: Database, tmp_path: Path) -> None:
    files = [tmp_path / f"{place}.jsonl" for place in range(2)]
    for file, before in zip(files, (moment_of(filled, 6), EVER), strict=True):
        archive.archive(filled, before, file, ADMIN)
    content = files[0].read_bytes()
    with pytest.raises(FileExistsError):
        archive.archive(filled, EVER, files[0], ADMIN)
    assert files[0].read_bytes() == content
    assert archive.archive(filled, EVER, files[1], ADMIN) == (files[1], 6, RECORDS + 2)  # what the last run has done


def test_two_into_one_file_at_once(filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("old.jsonl.part", "old.jsonl"):
        with (tmp_path / name).open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(Conflict, match=r"another process is writing .*old\.jsonl"):
                archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN)
    whole(filled)


def test_two_into_two_files_at_once(filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that seals last is refused, and its file is gone."""
    actual = archive._seal

    def overtaken(*values: Any) -> None:
        monkeypatch.setattr(archive, "_seal", actual)
        archive.archive(filled, moment_of(filled, 9), tmp_path / "second.jsonl", ADMIN)
        actual(*values)

    monkeypatch.setattr(archive, "_seal", overtaken)
    with pytest.raises(Conflict, match="another process has archived at the same time"):
        archive.archive(filled, EVER, tmp_path / "first.jsonl", ADMIN)
    assert [file.name for file in tmp_path.glob("*.jsonl*")] == ["second.jsonl"]
    whole(filled)
    assert verify_archives([tmp_path / "second.jsonl"], filled).findings == ()


def test_a_checkpoint_of_two_is_sealed_only_as_a_whole(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actual = archive._lock_unchanged

    def without_a_piece(connection: Any, *values: Any) -> Any:
        connection.execute(checkpoint_pieces.delete())
        return actual(connection, *values)

    monkeypatch.setattr(archive, "_lock_unchanged", without_a_piece)
    with pytest.raises(Conflict, match="archives at the same time"):
        archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN)
    assert len(numbers(filled, change_table)) == RECORDS
    assert not list(tmp_path.glob("old*"))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("DELETE FROM audit WHERE number = 9", "record 9 is missing"),
        ("UPDATE changes SET number = 99 WHERE number = 5", "record 5"),
        ("DELETE FROM changes WHERE number = 15", "record 15"),
    ],
)
def test_nothing_leaves_a_log_that_is_not_whole(filled: Database, tmp_path: Path, damage: str, why: str) -> None:
    with filled.writing() as connection:
        connection.execute(text(damage))
    with pytest.raises(Conflict, match=f"nothing is archived: {why}"):
        archive.archive(filled, EVER, tmp_path / "old.jsonl", ADMIN)
    assert not list(tmp_path.glob("old*"))


DAMAGES = {
    "UPDATE checkpoint_pieces SET content = X'00'": "missing or damaged",
    "DELETE FROM checkpoint_pieces": "missing or damaged",
    "UPDATE checkpoints SET hash = 'none'": "not as the audit log seals it",
    "UPDATE checkpoints SET audit_number = audit_number - 1": "not as the audit log seals it",
    "UPDATE audit SET why = 'none' WHERE operation = 'SealCheckpoint'": "not as the audit log seals it",
    "UPDATE checkpoints SET number = number - 1": "missing or damaged",
    "DELETE FROM checkpoints": "change 9 follows change 0",
    "UPDATE providers SET name = 'other' WHERE name = 'host'": f"name of {HOST} is other, by the log host",
    "UPDATE allocations SET amount = amount + 1": "holds",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_checkpoint_replaces_the_changes(filled: Database, tmp_path: Path, damage: str) -> None:
    """What `berth db verify` finds without one it finds with one, and every manual change of it."""
    archive.archive(filled, moment_of(filled, 9), tmp_path / "old.jsonl", ADMIN)
    whole(filled)
    with filled.writing() as connection:
        connection.execute(text(damage))
    findings = ledger_verify.verify(filled).findings
    assert any(DAMAGES[damage] in finding for finding in findings), findings


@pytest.mark.parametrize("archived", [0, 4, 12])
def test_records_cannot_be_hidden_as_archived(filled: Database, tmp_path: Path, archived: int) -> None:
    archive.archive(filled, moment_of(filled, 9), tmp_path / "old.jsonl", ADMIN)
    with filled.writing() as connection:
        connection.execute(text(f"UPDATE checkpoints SET archived = {archived}"))
        connection.execute(text("DELETE FROM audit WHERE number = 10"))
    assert chain.verify(filled).findings


def test_a_process_that_knows_less_than_the_log_has_builds_its_fleet_again(filled: Database, tmp_path: Path) -> None:
    with open_ledger(str(filled.url)) as behind, open_ledger(str(filled.url)) as ahead:
        behind.provider(HOST)
        ahead.update_provider(HOST, name="renamed")
        for place in range(3):
            archive.archive(filled, EVER, tmp_path / f"{place}.jsonl", ADMIN)
        assert behind.provider(HOST).name == "renamed"
        ahead.update_provider(HOST, name="again")
        archive.archive(filled, EVER, tmp_path / "more.jsonl", ADMIN)
        ahead.update_provider(HOST, name="and again")
        assert behind.provider(HOST).name == "and again"
        behind.update_provider(HOST, name="by the other")
        assert ahead.provider(HOST).name == "by the other"


def test_refusals_alone_leave_too(database: Database, tmp_path: Path) -> None:
    with open_ledger(str(database.url)) as ledger:
        refuse(ledger, 3)
    assert archive.archive(database, EVER, tmp_path / "1.jsonl", ADMIN) == (tmp_path / "1.jsonl", 1, 4)
    with open_ledger(str(database.url)) as ledger:
        refuse(ledger, 2)
        fill(ledger)
    assert archive.archive(database, EVER, tmp_path / "2.jsonl", ADMIN) is not None
    whole(database)
    assert verify_archives([tmp_path / "1.jsonl", tmp_path / "2.jsonl"], database).findings == ()


def refuse(ledger: Ledger, count: int) -> None:
    refused = RefusedRequest(
        caller=Caller(address="192.0.2.1"),
        request="req-1",
        operation="providers.list",
        target="GET /",
        outcome="401",
        why="no token",
    )
    for _ in range(count):
        ledger.note(refused)
    ledger.work()


@pytest.mark.parametrize("slow", [True, False])
def test_slices_are_as_long_as_others_can_wait(
    filled: Database, monkeypatch: pytest.MonkeyPatch, *, slow: bool
) -> None:
    """With a clock that goes by the numbers that are deleted: a twentieth of a millisecond each, or ten."""
    now, sizes = 0.0, list[int]()

    def drop(_connection: Any, first: int, up_to: int) -> None:
        nonlocal now
        sizes.append(up_to - first + 1)
        now += sizes[-1] / (100 if slow else 20_000)

    monkeypatch.setattr(archive.time, "monotonic", lambda: now)
    monkeypatch.setattr(archive.time, "sleep", lambda _s: None)
    archive._in_slices(filled, 1, 1_000, drop)
    assert sum(sizes) == 1_000
    assert sizes[0] == archive.FIRST_SLICE
    assert set(sizes[1:-1]) == {archive.LEAST_SLICE if slow else round(archive.SLICE_S * 20_000)}
