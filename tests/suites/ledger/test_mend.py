"""Damage that an earlier Berth, or a hand in the tables, left: everything else works, and `berth db mend` mends it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from berth.cli.main import app
from berth.ledger import Ledger, open_ledger
from berth.ledger.audit import archive
from berth.ledger.audit.chain import verify as verify_chain
from berth.ledger.mend import mend
from berth.ledger.verify import verify
from berth.model.audit import AuditRecord
from berth.model.commands import Claim
from berth.model.errors import Conflict
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from berth.store.engine import Database
from tests.support.damaged_log import ADA, append_entry
from tests.support.filled_ledger import HOST, JOB, NODE, POOL, VM, fill

INVENTORY = f'{{"inventories":{{"{POOL}":{{"DISK_GB":[100.5,0,1,2147483647,1,1.5]}}}},"generations":{{"{POOL}":7}}}}'
CLAIM = (
    f'{{"used":{{"{HOST}":{{"VCPU":true}}}},"generations":{{"{HOST}":9}},'
    f'"claims":{{"{VM}":{{"{HOST}":{{"VCPU":true}}}}}}}}'
)
ENTRIES = {
    "a float in an inventory": (
        "SetInventories",
        INVENTORY,
        "UPDATE inventories SET total = 100.5, allocation_ratio = 1.5 WHERE total = 100",
        f"UPDATE providers SET generation = 7 WHERE uuid = '{POOL}'",
    ),
    "a bool in a claim": (
        "SetAllocations",
        CLAIM,
        "UPDATE allocations SET amount = 1 WHERE amount = 2",
        "DELETE FROM allocations WHERE amount = 1024",
        f"UPDATE providers SET generation = 9 WHERE uuid = '{HOST}'",
        f"UPDATE consumers SET generation = generation + 1 WHERE uuid = '{VM}'",
    ),
    "a float in a claim": (
        "SetAllocations",
        f'{{"used":{{"{POOL}":{{"DISK_GB":20.5}}}},"generations":{{"{POOL}":9}},'
        f'"claims":{{"{JOB}":{{"{POOL}":{{"DISK_GB":20.5}}}}}}}}',
        "UPDATE allocations SET amount = 20.5 WHERE amount = 20",
        f"UPDATE providers SET generation = 9 WHERE uuid = '{POOL}'",
        f"UPDATE consumers SET generation = generation + 1 WHERE uuid = '{JOB}'",
    ),
    "no facts at all": ("SetTraits", "spilled", f"UPDATE providers SET generation = generation WHERE uuid = '{POOL}'"),
}


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url) as opened:
        fill(opened)
        yield opened


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bad_entry_stops_nothing_and_is_mended(
    ledger: Ledger, database: Database, entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    operation, facts, *statements = ENTRIES[entry]
    number = append_entry(database, operation, facts, *statements)
    with caplog.at_level(logging.ERROR, "berth"):
        ledger.ping()
    assert f"change {number} of the log cannot be read" in caplog.text
    _works(ledger)
    assert ledger.damaged_entries == (number,)
    (shown,) = [change for change in ledger.changes() if change.fault]
    assert (shown.number, shown.operation) == (number, operation)
    assert any(finding.startswith(f"change {number} cannot be read") for finding in verify(database).findings)

    plan = mend(database, ADA, apply=False)
    assert plan.change is None
    assert f"change {number}, {operation} by ada, cannot be read" in plan.lines[0]
    assert ledger.damaged_entries == (number,), "a plan changes nothing"
    done = mend(database, ADA, apply=True)
    assert done.lines == plan.lines
    assert verify(database).findings == ()
    assert verify_chain(database).findings == ()
    _works(ledger)
    assert ledger.damaged_entries == ()
    assert mend(database, ADA, apply=True).lines == ()
    _recorded(ledger, number, done.change)


def _works(ledger: Ledger) -> None:
    """Find, claim and release on the damaged ledger, and read every provider of it."""
    uuid = "00000000-0000-4000-8000-0000000000ff"
    assert ledger.find(CandidateRequest(groups=(Group(resources={"DISK_GB": 1}),))).candidates
    ledger.claim(Claim(consumer=uuid, allocations={NODE: {"MEMORY_MB": 64}}, project="p", user="u"))
    ledger.release(uuid)
    for provider in (HOST, NODE, POOL):
        ledger.inventories(provider)
    assert ledger.changes(after=0)


def _recorded(ledger: Ledger, number: int, change: int | None) -> None:
    records: dict[str, AuditRecord] = {record.operation: record for record in ledger.audit(most=10)}
    assert records["MendLedger"].change == change
    assert records["MendLedger"].actor == "ada"
    assert records["MendEntry"].target == str(number)


def test_a_ledger_that_is_opened_later_notices_it_with_the_page_that_has_it(url: str, database: Database) -> None:
    with open_ledger(url) as first:
        fill(first)
    operation, facts, *statements = ENTRIES["a float in an inventory"]
    number = append_entry(database, operation, facts, *statements)
    with open_ledger(url) as later:
        _works(later)
        later.changes()
        assert later.damaged_entries == (number,)
        mend(database, ADA, apply=True)
    with open_ledger(url) as mended:
        mended.changes()
        assert mended.damaged_entries == ()


def test_an_entry_that_was_altered_is_not_mended_but_examined(ledger: Ledger, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE changes SET facts = '{\"traits\": 5}' WHERE number = 9"))
    with pytest.raises(Conflict, match="the audit log is not whole"):
        mend(database, ADA, apply=True)


def test_nothing_is_archived_between_a_bad_entry_and_its_mending(
    ledger: Ledger, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "YOUNGEST_US", 0)
    append_entry(database, *ENTRIES["a float in an inventory"])
    with pytest.raises(Conflict, match="cannot be read, and no later one"):
        archive.archive(database, 2**62, tmp_path / "early.jsonl", ADA)
    mend(database, ADA, apply=True)
    assert archive.archive(database, 2**62, tmp_path / "late.jsonl", ADA) is not None
    assert verify(database).findings == ()
    assert verify_chain(database).findings == ()


ROWS = {
    "reserved = 200": ("reserved 200 becomes 100", Inventory(total=100, reserved=100)),
    "min_unit = 9, max_unit = 4": ("min_unit 9 becomes 4", Inventory(total=100, min_unit=4, max_unit=4)),
    "total = 0": ("total 0 becomes 1", Inventory(total=1)),
    "step_size = 0": ("step_size 0 becomes 1", Inventory(total=100)),
    "allocation_ratio = -1": ("allocation_ratio -1.0 becomes 0.0", Inventory(total=100, allocation_ratio=0.0)),
}
"""Values that only a hand in the tables can write: what the mend says, and the inventory that it makes."""


@pytest.mark.parametrize("values", ROWS)
def test_rows_that_contradict_themselves(ledger: Ledger, url: str, database: Database, values: str) -> None:
    sentence, wanted = ROWS[values]
    with database.writing() as connection:
        connection.execute(text(f"UPDATE inventories SET {values} WHERE total = 100"))
    with open_ledger(url) as damaged:
        damaged.overview()
        assert damaged.provider(POOL).name == "pool"
        findings = verify(database).findings
        assert any(f"({sentence})" in each and "berth db mend" in each for each in findings), findings
        before = damaged.provider(POOL).generation
        done = mend(database, ADA, apply=True)
        assert done.lines == (f"DISK_GB of pool ({POOL}): {sentence}",)
        held = damaged.inventories(POOL).inventories["DISK_GB"]
        assert [getattr(held, each) for each in wanted.__struct_fields__] == [
            getattr(wanted, each) for each in wanted.__struct_fields__
        ]
        assert damaged.provider(POOL).generation == before + 1
        assert held.used == 20
    assert verify(database).findings == ()
    assert verify_chain(database).findings == ()


def test_the_command_shows_first_and_mends_then(ledger: Ledger, url: str, database: Database) -> None:
    assert _berth("mend", url) == "nothing to repair\n"
    with database.writing() as connection:
        connection.execute(text("UPDATE inventories SET reserved = 200 WHERE total = 100"))
    line = f"DISK_GB of pool ({POOL}): reserved 200 becomes 100\n"
    assert _berth("mend", url) == line + "nothing was changed yet: add --apply\n"
    assert "cannot be set" in _berth("verify", url, status=1)
    exported = CliRunner().invoke(app, ["export", "--database", url])
    assert "1 line has an inventory that `berth import` refuses" in exported.stderr
    assert _berth("mend", url, "--apply").startswith(line + "mended with change ")
    assert "all agree" in _berth("verify", url)


def _berth(command: str, url: str, *options: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["db", command, "--database", url, *options])
    assert done.exit_code == status, done.output
    return done.stdout
