"""PostgreSQL goes by the keys of tables, also where it made its plans while they were empty."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from tests.support.databases import chosen_kinds, ledger_database, require_database

HOST: Final = "7a5c0000-0000-4000-8000-000000000001"
TABLES: Final = ("allocations", "audit", "changes", "consumers")
"""Those that are large here."""
OFTEN: Final = 12
"""After how many executions the server has made the plan that it keeps."""

TOGETHER: Final = 32
_SCANS: Final = text("SELECT relname, seq_scan FROM pg_stat_user_tables")
REPORTED_S: Final = 1.2
"""A connection that has just been used reports what it did when it is used next, a second later."""


@pytest.fixture(params=chosen_kinds(("postgresql",)))
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of one host, which has claimed and read often while there was next to nothing in it."""
    require_database(request.param)
    with ledger_database(request.param, tmp_path) as url, open_ledger(url) as made:
        made.create_provider("host-1", uuid=HOST)
        made.set_inventories(HOST, {"VCPU": Inventory(10**6), "MEMORY_MB": Inventory(10**6)})
        for _ in range(OFTEN):
            consumers = claim(made)
            read(made, consumers[0])
            for consumer in consumers:
                made.release(consumer)
        yield made


def claim(ledger: Ledger) -> list[str]:
    """Claim for many consumers, for which a scan of a small table would cost as little as an index."""
    consumers = [str(uuid.uuid4()) for _ in range(TOGETHER)]
    held = {HOST: {"VCPU": 1, "MEMORY_MB": 1}}
    ledger.claim(*(Claim(consumer=each, allocations=held, project="p", user="u") for each in consumers))
    return consumers


def read(ledger: Ledger, consumer: str) -> None:
    ledger.consumer(consumer)
    ledger.allocations(consumer)
    ledger.history(consumer)


def scans(ledger: Ledger, consumer: str) -> dict[str, int]:
    """How often each table was gone through from end to end, as far as was reported."""
    time.sleep(REPORTED_S)
    read(ledger, consumer)
    read(ledger, claim(ledger)[0])
    with ledger._writer.database.reading() as connection:
        known = {row.relname: row.seq_scan for row in connection.execute(_SCANS)}
    return {name: known[name] for name in TABLES}


def test_writes_and_reads_of_one_thing_do_not_go_through_tables(ledger: Ledger) -> None:
    for _ in range(60):
        consumers = claim(ledger)
    before = scans(ledger, consumers[0])
    for _ in range(OFTEN):
        consumers = claim(ledger)
        read(ledger, consumers[0])
        ledger.release(consumers[1])
    assert scans(ledger, claim(ledger)[0]) == before
