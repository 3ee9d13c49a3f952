"""Each subject of a record finds it, in a full block or the open one, indexed at once or later."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from berth.ledger import Ledger, open_ledger
from berth.ledger.audit import archive, chain
from berth.model.audit import AuditRecord
from berth.model.caller import Caller
from berth.model.change import subjects_of
from berth.model.commands import Claim, SetAllocations
from berth.model.inventory import Inventory
from berth.model.record import ProviderRecord
from berth.store import audit_index
from berth.store.engine import Database
from berth.store.tables import audit_subjects

HOSTS = [f"00000000-0000-4000-8000-0000000000{digits:02x}" for digits in range(12)]
STORED = audit_index.BLOCK
BLOCK, MANY = 8, 4


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_index, "BLOCK", BLOCK)
    monkeypatch.setattr(audit_index, "MANY", MANY)
    monkeypatch.setattr(audit_index, "AT_ONCE", 3)
    monkeypatch.setattr(archive, "YOUNGEST_US", 0)


@pytest.fixture
def ledger(database: Database, url: str) -> Iterator[Ledger]:
    """Fifty records: most about one of twelve hosts, some about half of them."""
    chance = random.Random(7)
    with open_ledger(url, actor="ada") as made:
        made.put_records([ProviderRecord(f"host-{number}", uuid) for number, uuid in enumerate(HOSTS)])
        while _last(made) < 50:
            if chance.random() < 0.1:
                made.put_records([_changed(made, chance, uuid) for uuid in HOSTS[:6]])
            else:
                host, total = chance.choice(HOSTS[:-1]), chance.randrange(1, 1000)
                made.set_inventories(host, {"VCPU": Inventory(total=total)})
        yield made


def _changed(ledger: Ledger, chance: random.Random, uuid: str) -> ProviderRecord:
    name = ledger.provider(uuid).name
    return ProviderRecord(name, uuid, traits=(f"HW_CPU_X86_{chance.choice(('AVX', 'AVX2', 'SSE', 'SSE2'))}",))


def _last(ledger: Ledger) -> int:
    return ledger.audit(most=1)[0].number


def _about(records: list[AuditRecord], uuid: str) -> list[int]:
    return [each.number for each in records if each.after is not None and uuid in subjects_of(each.after)]


def _numbers(records: list[AuditRecord]) -> list[int]:
    return [each.number for each in records]


@pytest.mark.parametrize("host", [HOSTS[0], HOSTS[7], HOSTS[-1]])
def test_every_record_about_a_provider_is_found(ledger: Ledger, host: str) -> None:
    everything = ledger.audit(most=None)
    expected = _about(everything, host)
    assert expected
    assert _numbers(ledger.audit(subject=host, most=None)) == expected
    assert _numbers(ledger.audit(subject=host, after=0, most=None)) == expected[::-1]
    for most in (1, 2, len(expected), len(expected) + 1):
        assert _numbers(ledger.audit(subject=host, most=most)) == expected[:most]
        assert _numbers(ledger.audit(subject=host, after=0, most=most)) == expected[::-1][:most]


def test_page_after_page(ledger: Ledger) -> None:
    expected = _about(ledger.audit(most=None), HOSTS[0])
    down: list[int] = []
    while page := ledger.audit(subject=HOSTS[0], before=down[-1] if down else None, most=2):
        down += _numbers(page)
    up: list[int] = []
    while page := ledger.audit(subject=HOSTS[0], after=up[-1] if up else 0, most=2):
        up += _numbers(page)
    assert (down, up) == (expected, expected[::-1])


def test_together_with_other_conditions(ledger: Ledger) -> None:
    everything = ledger.audit(most=None)
    since, until = everything[30].at, everything[10].at
    within = [each for each in everything if since <= each.at < until]
    assert _numbers(ledger.audit(subject=HOSTS[0], since=since, until=until, most=None)) == _about(within, HOSTS[0])
    inventories = [each for each in everything if each.operation == "SetInventories"]
    found = ledger.audit(subject=HOSTS[0], operation="SetInventories", most=None)
    assert _numbers(found) == _about(inventories, HOSTS[0])
    assert ledger.audit(subject=HOSTS[0], since=everything[0].at + 1) == []
    assert ledger.audit(subject=HOSTS[0], actor="bob") == []


def test_only_full_blocks_and_long_records_are_listed(ledger: Ledger) -> None:
    last = _last(ledger)
    full = (last + 1) // BLOCK
    with ledger._writer.database.reading() as connection:
        listed = audit_index.indexed(connection, 0, last)
    for each in ledger.audit(after=0, most=None):
        about = set() if each.after is None else subjects_of(each.after)
        if each.number // BLOCK < full or len(about) > MANY:
            assert listed.get(each.number, set()) == about
        else:
            assert each.number not in listed
    assert chain.verify(ledger._writer.database).findings == ()


@pytest.mark.parametrize("before", range(BLOCK))
def test_a_block_that_a_long_record_makes_full(before: int, tmp_path: Path) -> None:
    """Wherever in a block, and with several records in one commit: nothing is listed twice, and nothing is left out."""
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.create_provider("host", uuid=HOSTS[0])
        ledger.set_inventories(HOSTS[0], {"VCPU": Inventory(total=10_000)})
        for number in range(before):
            ledger.create_trait(f"CUSTOM_{number}")
        for _ in range(2 * BLOCK):
            answers = [ledger.queue(SetAllocations(claims=_claims(count))) for count in (6, 1, 9)]
            ledger.work()
            for answer in answers:
                answer.result()
        expected = _about(ledger.audit(most=None), HOSTS[0])
        assert _numbers(ledger.audit(subject=HOSTS[0], most=None)) == expected
        assert chain.verify(ledger._writer.database).findings == ()


def _claims(count: int) -> tuple[Claim, ...]:
    each = {HOSTS[0]: {"VCPU": 1}}
    return tuple(Claim(consumer=str(uuid4()), allocations=each, project="lab", user="ada") for _ in range(count))


def test_what_was_archived_is_on_no_list(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> None:
    everything = ledger.audit(most=None)
    moment = everything[len(everything) // 2].at
    database = ledger._writer.database
    archived = archive.archive(database, moment, tmp_path_factory.mktemp("archive") / "old.jsonl", Caller(name="ada"))
    assert archived is not None
    left = [each for each in everything if each.number > archived.last]
    assert _numbers(ledger.audit(subject=HOSTS[0], most=None)) == _about(left, HOSTS[0])
    with database.reading() as connection:
        assert connection.execute(select(func.min(audit_subjects.c.number))).scalar_one() > archived.last
    for total in range(1, 2 * BLOCK):
        ledger.set_inventories(HOSTS[0], {"VCPU": Inventory(total=5000 + total)})
    assert chain.verify(database).findings == ()
    assert len(ledger.audit(subject=HOSTS[0], most=None)) == len(_about(left, HOSTS[0])) + 2 * BLOCK - 1


def test_the_size_of_a_block_is_what_is_stored() -> None:
    assert STORED == 256, "databases that are there have it"
