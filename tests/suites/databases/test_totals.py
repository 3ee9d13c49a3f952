"""How many there are in all, as the first page of a list says it: as many as its pages have, or a bound."""

from __future__ import annotations

from typing import Any

import pytest

from berth.ledger import Ledger, open_ledger
from berth.model.claim_life import ClaimState
from berth.model.commands import Claim
from berth.model.consumer import ConsumerOrder, ConsumerQuery
from berth.model.inventory import Inventory
from berth.model.term import Term
from berth.store import consumer_totals

HOSTS = ("7a5c0000-0000-4000-8000-000000000001", "7a5c0000-0000-4000-8000-000000000002")
COUNT = 12

QUERIES: tuple[dict[str, Any], ...] = (
    {},
    {"order": ConsumerOrder.OLDEST, "project": "p1"},
    {"project": "p1", "user": "u0"},
    {"user": "u0"},
    {"type": "JOB"},
    {"type": "unknown"},
    {"provider": HOSTS[0]},
    {"provider": HOSTS[0], "resource_class": "PGPU"},
    {"resource_class": "PGPU"},
    {"resource_class": "PGPU", "project": "p1"},
    {"resource_class": "VCPU", "order": ConsumerOrder.LARGEST},
    {"resource_class": "VCPU", "provider": HOSTS[1], "user": "u0", "order": ConsumerOrder.LARGEST},
    {"name": "train-1"},
    {"text": "RAIN-1"},
    {"uuid": "b0000000", "project": "p1", "text": "train"},
    {"state": ClaimState.PENDING},
    {"state": ClaimState.CONFIRMED, "project": "p1"},
    {"due": 100},
)


@pytest.fixture
def ledger(ledger_url: str) -> Any:
    with open_ledger(ledger_url) as it:
        for number, uuid in enumerate(HOSTS):
            it.create_provider(f"host-{number}", uuid=uuid)
            it.set_inventories(uuid, {"VCPU": Inventory(1000), "PGPU": Inventory(1000)})
        for number in range(COUNT):
            hold(it, number)
        yield it


def hold(ledger: Ledger, number: int) -> None:
    """A consumer of one of two projects and of one of three users, on one host or on both."""
    amounts = {"VCPU": number + 1} | ({"PGPU": 1} if number % 3 == 0 else {})
    hosts = HOSTS if number % 4 == 0 else HOSTS[number % 2 :][:1]
    ledger.claim(
        Claim(
            consumer=f"b0000000-0000-4000-8000-{number:012}",
            allocations=dict.fromkeys(hosts, amounts),
            project=f"p{number % 2}",
            user=f"u{number % 3}",
            type="JOB" if number % 2 else None,
            name=f"train-{number}",
            term=Term(confirm_within=60) if number % 5 == 0 else Term(),
        )
    )


def test_totals_are_exact_up_to_a_bound(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for fields in QUERIES:
        query = ConsumerQuery(**fields)
        pages = list(ledger.pages(ledger.consumers, query, limit=1))
        count = sum(len(page.items) for page in pages)
        assert count > 1, fields
        assert (pages[0].total, pages[0].bounded) == (count, False), fields
        assert {page.total for page in pages[1:]} == {None}, fields
        assert ledger.consumers(query, limit=99).total == count, fields
    assert [ledger.projects(limit=limit).total for limit in (1, 2)] == [2, 2]
    assert [ledger.agenda(project=project, limit=1).total for project in ("", "p0")] == [3, 2]
    monkeypatch.setattr(consumer_totals, "MOST_EXAMINED", 4)
    for fields in QUERIES:
        page = ledger.consumers(ConsumerQuery(**fields), limit=1)
        assert page.total is not None
        exact = sum(len(each.items) for each in ledger.pages(ledger.consumers, ConsumerQuery(**fields), limit=99))
        assert 2 <= page.total <= exact, fields
        assert page.bounded or page.total == exact, fields
    assert ledger.consumers(limit=1).bounded
    assert ledger.consumers(ConsumerQuery(text="RAIN-1"), limit=1).bounded, "those that do not match are read as well"
