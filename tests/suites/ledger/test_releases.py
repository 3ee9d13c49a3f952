"""Releases of many consumers, by several ledgers at once and on every database."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import pytest

import berth
from berth import Claim, Inventory, errors
from berth.ledger.verify import verify
from berth.store.engine import Database

EACH, LEDGERS = 24, 4


def consumer(number: int) -> str:
    return f"c0000000-0000-4000-8000-{number:012}"


def fill(ledger: berth.Ledger) -> tuple[str, str, str]:
    """Add a host, its GPU and a pool. Half of the consumers are of either project; all hold some of each of them."""
    host = ledger.create_provider("host").uuid
    gpu, pool = ledger.create_provider("gpu", parent=host).uuid, ledger.create_provider("pool").uuid
    for uuid in (host, gpu, pool):
        ledger.set_inventories(uuid, {"VCPU": Inventory(100), "MEMORY_MB": Inventory(1000)})
    held = {uuid: {"VCPU": 1, "MEMORY_MB": 8} for uuid in (host, gpu, pool)}
    projects = ("physics", "biology")
    claims = [Claim(consumer=consumer(n), allocations=held, project=projects[n % 2], user="ada") for n in range(EACH)]
    ledger.claim(*claims)
    return host, gpu, pool


def test_each_is_released_once(url: str) -> None:
    """Four ledgers release the same at the same time, in small pages: first a part of each, then one project."""
    with ExitStack() as stack:
        ledgers = [stack.enter_context(berth.open(url)) for _ in range(LEDGERS)]
        host, gpu, pool = fill(ledgers[0])

        def release_all(ledger: berth.Ledger, fields: dict[str, Any]) -> list[str]:
            released: list[str] = []
            while items := ledger.release_matching(**fields, limit=3).items:
                released += [each.consumer for each in items]
            return released

        steps: list[tuple[dict[str, Any], range, tuple[int, int, int]]] = [
            ({"on": gpu}, range(EACH), (EACH, 0, EACH)),
            ({"project": "physics", "holders_of": host}, range(0, EACH, 2), (EACH // 2, 0, EACH // 2)),
            ({"on": host}, range(1, EACH, 2), (0, 0, EACH // 2)),
        ]
        for fields, consumers, left in steps:
            with ThreadPoolExecutor(LEDGERS) as threads:
                released = list(threads.map(release_all, ledgers, [fields] * LEDGERS))
            assert Counter(each for some in released for each in some) == Counter(map(consumer, consumers))
            for ledger in ledgers:
                assert tuple(ledger.usages(uuid).usages["VCPU"] for uuid in (host, gpu, pool)) == left
        assert ledgers[0].consumer(consumer(1)).allocations == {pool: {"VCPU": 1, "MEMORY_MB": 8}}
        record = ledgers[0].history(consumer(1))[0]
        assert (record.operation, record.target) == ("ReleaseMatching", host)
    with closing(Database(url)) as database:
        assert verify(database).findings == ()


@pytest.mark.parametrize(
    ("fields", "error", "why"),
    [
        ({}, errors.Invalid, "at least one of consumers, project, holders_of and on"),
        ({"project": "p", "limit": 0}, errors.Invalid, "from 1 to 5,000"),
        ({"project": "p", "limit": 5001}, errors.Invalid, "from 1 to 5,000"),
        ({"project": ""}, errors.Invalid, "the project is missing"),
        ({"consumers": ["job-1"]}, errors.ConsumerNotFound, "has the name job-1"),
        ({"consumers": [consumer(n) for n in range(5001)]}, errors.Invalid, "5,001 consumers are too many"),
        ({"on": "no-host"}, errors.ProviderNotFound, "No resource provider with name 'no-host' found"),
        ({"project": "physics", "on": consumer(1)}, errors.ProviderNotFound, "No resource provider"),
        ({"holders_of": consumer(1)}, errors.ProviderNotFound, "No resource provider"),
    ],
)
def test_what_is_refused_changes_nothing(
    fields: dict[str, Any], error: type[errors.Refusal], why: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with berth.open(f"sqlite:///{tmp_path_factory.mktemp('refused')}/berth.db") as ledger:
        fill(ledger)
        head = ledger.head()
        with pytest.raises(error, match=why):
            ledger.release_matching(**fields)
        assert ledger.head() == head
