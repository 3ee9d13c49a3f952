"""Pages of the largest consumers while they grow, shrink, end and begin, read through the ledgers of two processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from berth.ledger import Ledger, open_ledger
from berth.ledger.queries.largest_consumers import Mark, parse_mark
from berth.model.commands import Claim, RenameClass, SetAllocations
from berth.model.consumer import ConsumerOrder, ConsumerQuery
from berth.model.errors import Invalid
from berth.model.inventory import Inventory

HOST: Final = "7a5c0000-0000-4000-8000-000000000001"
OTHER: Final = "7a5c0000-0000-4000-8000-000000000002"
CLASS: Final = "CUSTOM_SLOT"
QUERY: Final = ConsumerQuery(resource_class=CLASS, provider=HOST, order=ConsumerOrder.LARGEST)
COUNT: Final = 24


@pytest.fixture
def ledgers(ledger_url: str) -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers of one database, as two processes have them."""
    with open_ledger(ledger_url) as one, open_ledger(ledger_url) as two:
        one.create_class(CLASS)
        for number, uuid in enumerate((HOST, OTHER)):
            one.create_provider(f"host-{number}", uuid=uuid)
            one.set_inventories(uuid, {CLASS: Inventory(10**6), "VCPU": Inventory(10**6)})
        for number in range(COUNT):
            hold(one, number, number // 2 + 1)
        one.work()
        yield one, two


def uuid_of(number: int) -> str:
    return f"b0000000-0000-4000-8000-{number:012}"


def hold(ledger: Ledger, number: int, amount: int) -> None:
    """Let a consumer hold this much of the host, and other things that do not count."""
    held = {HOST: {CLASS: amount, "VCPU": 99}, OTHER: {CLASS: 500}} if amount else {}
    ledger.queue(SetAllocations(claims=(Claim(consumer=uuid_of(number), allocations=held, project="p", user="u"),)))
    ledger.work()


def test_each_comes_once_in_the_order_of_the_first_page(ledgers: tuple[Ledger, Ledger]) -> None:
    expected = sorted(range(COUNT), key=lambda number: (-(number // 2 + 1), number))
    shown: list[str] = []
    after, page = None, 0
    while page == 0 or after:
        found = ledgers[page % 2].consumers(QUERY, limit=4, after=after)
        shown += [item.uuid for item in found.items]
        after = found.next
        small, large = expected[-1 - page], expected[page]
        hold(ledgers[0], small, 1_000 + page)  # to the front
        hold(ledgers[1], large, 1)  # to the end
        hold(ledgers[0], 100 + page, 7)  # a new one
        page += 1
    old = [uuid for uuid in shown if uuid < uuid_of(100)]
    assert old == [uuid_of(number) for number in expected]
    assert len(set(shown)) == len(shown)


def test_one_that_ended_is_left_out_and_one_that_came_back_is_not_shown_again(ledgers: tuple[Ledger, Ledger]) -> None:
    first = ledgers[0].consumers(QUERY, limit=10)
    for number in (COUNT - 1, 0, 1):  # one that was shown, two that were not
        hold(ledgers[0], number, 0)
    hold(ledgers[0], COUNT - 1, 1)
    rest = [item.uuid for item in ledgers[1].consumers(QUERY, limit=100, after=first.next).items]
    assert len(rest) == COUNT - 10 - 2
    assert not {item.uuid for item in first.items}.intersection(rest)


def test_a_page_whose_order_is_no_longer_known_is_refused(
    ledgers: tuple[Ledger, Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    after = ledgers[0].consumers(QUERY, limit=4).next
    assert after
    mark = parse_mark(after)
    hold(ledgers[0], 0, 5)
    others = (mark._replace(tag="0" * 16), mark._replace(tag=""), Mark(10**9, mark.tag, 1, mark.uuid))
    for other in others:
        with pytest.raises(Invalid, match="no longer known: begin with the first page"):
            ledgers[1].consumers(QUERY, limit=4, after=str(other))
    with monkeypatch.context() as patched:
        patched.setattr("berth.ledger.queries.largest_consumers.MOST_RECORDS", 0)
        with pytest.raises(Invalid, match="no longer known"):
            ledgers[1].consumers(QUERY, limit=4, after=after)
    ledgers[0].queue(RenameClass(name=CLASS, new_name="CUSTOM_PLACE"))
    ledgers[0].work()
    with pytest.raises(Invalid, match="cannot be compared with now"):
        ledgers[1].consumers(
            ConsumerQuery(resource_class="CUSTOM_PLACE", provider=HOST, order=ConsumerOrder.LARGEST), after=after
        )


def test_few_orders_are_kept(ledgers: tuple[Ledger, Ledger], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth.ledger.queries.largest_consumers.MOST_KEPT", 2 * COUNT)
    kept = ledgers[0]._largest._orders
    for number in range(4):
        after = ledgers[0].consumers(QUERY, limit=4).next
        assert ledgers[0].consumers(QUERY, limit=4, after=after).next
        assert len(kept) == min(number + 1, 2)
        hold(ledgers[0], number, 50)
