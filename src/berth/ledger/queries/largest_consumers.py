"""Pages of the largest consumers, all in the order of the moment of the first page.

Amounts change while pages are read: a consumer that grew or shrank between two pages would come twice or never. So the
mark between two pages names that moment, by the audit log's record that was the last, and each process that is given
such a mark keeps the order of that moment. If it has none, it takes the amounts of now, and those before the change for
all consumers that have changed since: the audit log has the state before each change.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import Final, NamedTuple, TypeVar

import numpy as np
from sqlalchemy import Connection

from berth.ledger.write.writer import Writer
from berth.model.change import NameKind
from berth.model.consumer import ConsumerOrder, ConsumerQuery, Resources
from berth.model.errors import Invalid
from berth.model.names import parse_uuid
from berth.model.validation import canonical_uuid
from berth.store import audit, consumer_pages, head
from berth.store.consumer_pages import ConsumerFilter
from berth.store.consumers import ConsumerRow

T = TypeVar("T")

MOST_KEPT: Final = 2_000_000
"""How many consumers the kept orders have together, at 44 bytes each; the one that was used last is always kept."""

MOST_RECORDS: Final = 50_000
"""How many records of the audit log are read for the state at the first page."""

_FEWEST: Final = 100
"""How many consumers are looked up at once at least: some may have ended since the first page."""


class Mark(NamedTuple):
    """The end of a page. record, tag: the end of the audit log at the first page, the tag of its hash."""

    record: int
    tag: str
    amount: int
    uuid: str

    def __str__(self) -> str:
        return f"{ConsumerOrder.LARGEST}.{self.record}-{self.tag}.{self.amount}.{self.uuid}"


class Order(NamedTuple):
    """Consumers by what they held of a class, descending, then by uuid."""

    amounts: np.ndarray[tuple[int], np.dtype[np.int64]]
    uuids: np.ndarray[tuple[int], np.dtype[np.bytes_]]

    def place_behind(self, mark: Mark) -> int:
        """Return how many consumers are before or at a mark."""
        key = (-mark.amount, mark.uuid.encode())
        return bisect_right(range(len(self.amounts)), key, key=lambda i: (-int(self.amounts[i]), self.uuids[i]))


class LargestConsumers:
    """The orders that this process keeps for those who read pages, the one used last at the end."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._orders: OrderedDict[tuple[ConsumerFilter, int, str], Order] = OrderedDict()

    def page(
        self, connection: Connection, filter_: ConsumerFilter, query: ConsumerQuery, after: str, limit: int
    ) -> tuple[list[ConsumerRow], str | None]:
        """Return the rows of a page, and the value of `after` for the next one (None: at the end). Raises Invalid."""
        if after:
            mark = parse_mark(after)
            found = self._continued(connection, filter_, query, mark, limit + 1)
        else:
            position = head.read(connection).position
            mark = Mark(position.audit_number, position.tag, 0, "")
            found = consumer_pages.largest(connection, filter_, limit + 1)
        rows = [row for row, _ in found[:limit]]
        return rows, str(mark._replace(amount=found[limit - 1][1], uuid=rows[-1].uuid)) if found[limit:] else None

    def _continued(
        self, connection: Connection, filter_: ConsumerFilter, query: ConsumerQuery, mark: Mark, most: int
    ) -> list[tuple[ConsumerRow, int]]:
        """Return the consumers behind a mark that still match, with their amounts at the first page."""
        order = self._order(connection, filter_, query, mark)
        found, begin = list[tuple[ConsumerRow, int]](), order.place_behind(mark)
        while len(found) < most and begin < len(order.amounts):
            end = begin + max(most, _FEWEST)
            found += _present(connection, filter_, order, begin, end)
            begin = end
        return found

    def _order(self, connection: Connection, filter_: ConsumerFilter, query: ConsumerQuery, mark: Mark) -> Order:
        key = (filter_, mark.record, mark.tag)
        with self._lock:
            if key in self._orders:
                self._orders.move_to_end(key)
                return self._orders[key]
        self._writer.require_time(long=True)
        order = self._read(connection, filter_, query, mark)
        with self._lock:
            self._orders[key] = order
            while len(self._orders) > 1 and sum(len(each.amounts) for each in self._orders.values()) > MOST_KEPT:
                self._orders.popitem(last=False)
        return order

    def _read(self, connection: Connection, filter_: ConsumerFilter, query: ConsumerQuery, mark: Mark) -> Order:
        """Return the order at a mark. Raises Invalid if that cannot be known any more."""
        then = _changed_since(connection, query, mark)
        uuids, amounts = list[bytes](), list[int]()
        with closing(consumer_pages.amounts(connection, filter_)) as pages:
            for uuid, now in chain.from_iterable(self._paused(pages)):
                if amount := then.get(uuid, now):
                    uuids.append(uuid.encode())
                    amounts.append(amount)
        by_amount, by_uuid = np.array(amounts, np.int64), np.array(uuids, "S36")
        places = np.lexsort((by_uuid, -by_amount))
        return Order(by_amount[places], by_uuid[places])

    def _paused(self, pages: Iterable[T]) -> Iterator[T]:
        """Yield pages, so that others may run between them."""
        for page in pages:
            yield page
            self._writer.pause()


def parse_mark(after: str) -> Mark:
    """Return the mark that a client sent back. Raises Invalid."""
    order, _, rest = after.partition(".")
    place, _, rest = rest.partition(".")
    amount, _, text = rest.partition(".")
    record, _, tag = place.partition("-")
    uuid, numbers = parse_uuid(text), (record, amount)
    if order != ConsumerOrder.LARGEST or not uuid or not all(map(is_number, numbers)):
        raise Invalid(f"{after!r} is not the end of a page in this order")
    return Mark(int(record), tag, int(amount), uuid)


def is_number(text: str) -> bool:
    """Whether a part of a mark is a number that a database takes."""
    return text.isascii() and text.isdigit() and len(text) < 19


def _changed_since(connection: Connection, query: ConsumerQuery, mark: Mark) -> dict[str, int]:
    """Return what consumers that have changed since held at a mark. Raises Invalid if that cannot be known any more."""
    found = head.read(connection)
    sealed = audit.hash_of(connection, mark.record)
    known = sealed is not None and sealed.startswith(mark.tag) and len(mark.tag) == len(found.position.tag)
    if not known or found.audit_number - mark.record > MOST_RECORDS:
        raise Invalid("the order that this page continues is no longer known: begin with the first page again")
    provider = canonical_uuid(query.provider) if query.provider else None
    then: dict[str, int] = {}
    with closing(audit.states_before(connection, mark.record)) as states:
        for before in states:
            if before is None or any(entry.kind is NameKind.CLASS for entry in before.names):
                raise Invalid("what this page continues cannot be compared with now: begin with the first page again")
            for uuid, held in before.claims.items():
                of = held if provider is None else {provider: held.get(provider, {})}
                then.setdefault(uuid, _amount(of, query.resource_class))
    return then


def _amount(held: dict[str, Resources], resource_class: str) -> int:
    return sum(resources.get(resource_class, 0) for resources in held.values())


def _present(
    connection: Connection, filter_: ConsumerFilter, order: Order, begin: int, end: int
) -> list[tuple[ConsumerRow, int]]:
    """Return those of a part of the order that still match, with the amounts of that moment."""
    uuids = [uuid.decode() for uuid in order.uuids[begin:end].tolist()]
    rows = consumer_pages.among(connection, filter_, uuids)
    amounts = order.amounts[begin:end].tolist()
    return [(rows[uuid], amount) for uuid, amount in zip(uuids, amounts, strict=True) if uuid in rows]
