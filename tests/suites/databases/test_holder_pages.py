"""Pages of a provider's holders: each costs what it shows, however many there are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from sqlalchemy import event, insert, text

from berth.ledger import Ledger, open_ledger
from berth.model.consumer import ConsumerOrder, ConsumerQuery
from berth.model.inventory import Inventory
from berth.model.pages import HolderItem
from berth.store import tables
from tests.support.databases import chosen_kinds, is_long, ledger_database, require_database

HOST: Final = "7a5c0000-0000-4000-8000-000000000001"
OTHER: Final = "7a5c0000-0000-4000-8000-000000000002"
MANY: Final = 100_000 if is_long() else 10_000
SORTS: Final = ("TEMP B-TREE", "Sort", "filesort", "Seq Scan")
"""What plans say, on one of the databases, of rows that are read and then sorted or dropped."""

ALL_PAGES_S: Final = 2.0
"""Of this process's processors: other programs may use the machine as well."""


@pytest.fixture(scope="module", params=chosen_kinds())
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger in which every consumer holds two classes of one host, and some hold of another one as well."""
    require_database(request.param)
    with ledger_database(request.param, tmp_path_factory.mktemp("pages")) as url, open_ledger(url) as made:
        for number, uuid in enumerate((HOST, OTHER)):
            made.create_provider(f"host-{number}", uuid=uuid)
            made.set_inventories(uuid, {"VCPU": Inventory(10**6), "MEMORY_MB": Inventory(10**6)})
        _fill(made)
        yield made


def _fill(ledger: Ledger) -> None:
    with ledger._writer.database.writing() as connection:
        host, other = (
            connection.execute(text(f"SELECT id FROM providers WHERE uuid = '{x}'")).scalar() for x in (HOST, OTHER)
        )
        vcpu, memory = (
            connection.execute(text(f"SELECT id FROM names WHERE name = '{x}'")).scalar() for x in ("VCPU", "MEMORY_MB")
        )
        for first in range(0, MANY, 5_000):
            numbers = range(first + 1, first + 5_001)
            common = {"generation": 1, "project": "p", "user": "u", "type_id": None, "updated_at": 1}
            connection.execute(
                insert(tables.consumers),
                [{"id": 10**6 + number, "uuid": uuid_of(MANY - number), **common} for number in numbers],
            )
            held = [(host, vcpu), (host, memory)]
            rows = [
                {"consumer_id": 10**6 + number, "provider_id": provider, "class_id": kind, "amount": number}
                for number in numbers
                for provider, kind in (held if number % 50 else [*held, (other, vcpu)])
            ]
            connection.execute(insert(tables.allocations), rows)
    if ledger._writer.database.capabilities.roles:
        with ledger._writer.database.migrating() as connection:
            analyze = "ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE TABLE consumers, allocations"
            connection.execute(text(analyze))


def uuid_of(number: int) -> str:
    return f"b0000000-0000-4000-8000-{number:012}"


def pages(ledger: Ledger, uuid: str, limit: int) -> list[HolderItem]:
    found: list[HolderItem] = []
    after = None
    while True:
        page = ledger.holders(uuid, limit=limit, after=after)
        found += page.items
        after = page.next
        if after is None:
            return found


def test_every_holder_comes_once_with_all_that_it_holds(ledger: Ledger) -> None:
    began = time.process_time()
    found = pages(ledger, HOST, 1_000)
    took = time.process_time() - began
    assert sorted(each.consumer for each in found) == [uuid_of(number) for number in range(MANY)]
    assert all(set(each.resources) == {"VCPU", "MEMORY_MB"} for each in found)
    assert took < ALL_PAGES_S
    assert len(pages(ledger, OTHER, 999)) == MANY // 50


@pytest.mark.parametrize("order", [ConsumerOrder.OLDEST, ConsumerOrder.LARGEST])
def test_every_consumer_comes_once_in_its_order(ledger: Ledger, order: ConsumerOrder) -> None:
    query = ConsumerQuery(provider=HOST, resource_class="VCPU", order=order)
    found, after = list[str](), None
    began = time.process_time()
    pages(ledger, HOST, 1_000)
    of_holders, began = time.process_time() - began, time.process_time()
    while not found or after:
        page = ledger.consumers(query, limit=1_000, after=after)
        found += [each.uuid for each in page.items]
        after = page.next
    took = time.process_time() - began
    newest_first = [uuid_of(number) for number in range(MANY)]
    assert found == (newest_first if order is ConsumerOrder.LARGEST else newest_first[::-1])
    assert took < 10 * of_holders  # pages that start over each time take MANY times as much


def test_a_page_of_the_largest_reads_nothing_but_what_it_shows_once_the_order_is_known(ledger: Ledger) -> None:
    query = ConsumerQuery(resource_class="VCPU", order=ConsumerOrder.LARGEST)
    second = ledger.consumers(query, limit=50, after=ledger.consumers(query, limit=50).next)
    with _statements(ledger) as seen:
        assert len(ledger.consumers(query, limit=50, after=second.next).items) == 50
    assert len(seen) == 2
    assert [statement for statement, _ in seen if " IN (" not in statement] == []


def steps_of_page(ledger: Ledger, query: ConsumerQuery, after: str | None) -> int:
    """Return the steps of SQLite's virtual machine, in hundreds, for a page of 50."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    database = ledger._writer.database
    with database.reading() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.set_progress_handler(step, 100)
    ledger.consumers(query, limit=50, after=after)
    raw.set_progress_handler(None, 0)
    return taken


def test_a_page_of_the_oldest_costs_what_it_shows(ledger: Ledger) -> None:
    if ledger._writer.database.capabilities.roles:
        pytest.skip("SQLite counts its steps")
    query = ConsumerQuery(provider=HOST, order=ConsumerOrder.OLDEST)
    steps = [steps_of_page(ledger, query, f"oldest.{10**6 + behind}") for behind in (0, MANY // 2, MANY - 60)]
    assert 0 < max(steps) < 200, steps


@contextmanager
def _statements(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements on allocations, with their values."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if "allocations" in statement:
            seen.append((statement, values))

    with ledger._writer.database.reading() as connection:
        engine = connection.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_page_is_read_by_its_key_and_not_sorted(ledger: Ledger) -> None:
    page = ledger.holders(OTHER, limit=50)
    with _statements(ledger) as seen:
        ledger.holders(OTHER, limit=50, after=page.next)
    assert len(seen) == 2
    with ledger._writer.database.reading() as connection:
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        plans = [
            "\n".join(map(str, connection.exec_driver_sql(f"{explain} {statement}", values)))
            for statement, values in seen
        ]
    assert [tables.allocations.indexes.copy().pop().name in plan for plan in plans][:1] == [True], plans
    assert [word for word in SORTS if word in plans[0]] == [], plans
    assert "Seq Scan on allocations" not in plans[1]
    assert "SCAN allocations" not in plans[1]
