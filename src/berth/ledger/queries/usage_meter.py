"""The usage meter: adds up amount x time while the change log is read, in whole numbers.

Of what is held only one moment is in memory. A claim is counted when it changes or ends: from when it was last
counted, within the span of the report, and never beyond the instant at which it ended or lapsed, swept or not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

from msgspec import Struct

from berth.ledger.replay import Books
from berth.model.change import Change, Facts, NameKind
from berth.model.consumer import Owner, Resources
from berth.model.inventory import Inventory
from berth.model.report import ReportBy
from berth.model.term import Span

T = TypeVar("T")

AT_ONCE: Final = 256
"""The number of holdings, or of providers, that are counted without a pause."""

UnitTimes = defaultdict[tuple[str | None, str], int]
"""Units times microseconds, by key and class."""

EVERYWHERE: Final = ""
"""The key of the capacity of all providers together, where a report is not by host."""


class _Holding(Struct, gc=False):
    """What a consumer holds, by provider and class. counted: up to when it has been added."""

    held: dict[str, Resources]
    owner: Owner | None
    counted: int
    span: Span | None


class _Stock(Struct, gc=False):
    """A provider with what can be claimed of it. counted: up to when that has been added.

    Providers that are alike may share one capacity.
    """

    root: str
    name: str
    capacity: Resources
    counted: int


def renamed_classes(classes: dict[int, str], facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the old and the new name of each class that a change renames, and keep the names by number up to date."""
    for number in facts.unnamed:
        classes.pop(number, None)
    for named in facts.names:
        if named.kind is NameKind.CLASS:
            old = classes.get(named.id, named.name)
            classes[named.id] = named.name
            if old != named.name:
                yield old, named.name


class UsageMeter:
    """Adds up what is held, and what there is to claim, within a span.

    project: only its consumers, "" for all. held: by the key of `by` and class; capacity: by host and class, or of all;
    damaged: numbers of entries that could not be read. Instants are in microseconds since 1970 UTC.
    """

    def __init__(self, by: ReportBy, since: int, until: int, project: str = "") -> None:
        self.by, self.since, self.until, self._project = by, since, until, project
        self.held: UnitTimes = defaultdict(int)
        self.capacity: UnitTimes = defaultdict(int)
        self.damaged: set[int] = set()
        self._classes: dict[int, str] = {}
        self._holdings: dict[str, _Holding] = {}
        self._stocks: dict[str, _Stock] = {}
        self._gone: dict[str, str] = {}
        self._hosts: set[str] = set()
        self._capacities = _Capacities()
        self._now = 0
        keys: dict[ReportBy, Callable[[Owner | None, str, str], str | None]] = {
            ReportBy.PROJECT: lambda owner, _provider, _class: None if owner is None else owner.project,
            ReportBy.USER: lambda owner, _provider, _class: None if owner is None else owner.user,
            ReportBy.HOST: lambda _owner, provider, _class: self._host(provider),
            ReportBy.CLASS: lambda _owner, _provider, name: name,
        }
        self._key = keys[by]

    def load(self, books: Books) -> None:
        """Begin with the books as of a checkpoint, which hold from the beginning of the span on."""
        self._classes = {number: name for number, (kind, name) in books.names.items() if kind == NameKind.CLASS}
        for uuid, account in books.providers.items():
            self._stocks[uuid] = _Stock(account.root, account.name, self._capacities.shared(account.inventories), 0)
        for uuid, held in books.held.items():
            self._holdings[uuid] = _Holding(held, books.owners.get(uuid), 0, books.terms.get(uuid))

    def enter(self, change: Change) -> bool:
        """Enter the next change of the log. Return False if it was made after the span: no other one matters."""
        self._now = max(self._now, change.at)
        if self._now >= self.until:
            return False
        facts = change.facts
        if change.fault:
            self.damaged.add(change.number)
        if self._now <= self.since:
            self.damaged.difference_update(facts.mended)
        for old, new in renamed_classes(self._classes, facts):
            self._rename_class(old, new)
        self._enter_providers(facts)
        self._enter_claims(facts)
        for uuid in facts.gone:
            self._enter_gone(uuid)
        return True

    def finish(self) -> Iterator[None]:
        """Count everything up to the end of the span, in steps of less than a millisecond."""
        self._now = max(self._now, self.until)
        for holdings in _in_steps(self._holdings.values()):
            for holding in holdings:
                self._count_held(holding)
            yield
        alike = defaultdict[tuple[int, int, str], list[_Stock]](list)
        for stocks in _in_steps(self._stocks.values()):
            for stock in stocks:
                alike[id(stock.capacity), stock.counted, self._capacity_key(stock)].append(stock)
            yield
        for together in alike.values():
            self._count_capacity(together[0], times=len(together))
            yield

    def has_counted(self, resource_class: str) -> bool:
        """Whether anything of a class was counted, also if the class is deleted by now."""
        return any(resource_class == name for _, name in (*self.held, *self.capacity))

    def host_name(self, uuid: str) -> str:
        """Return the name of a host, its last one if it is gone."""
        return self._stocks[uuid].name if uuid in self._stocks else self._gone.get(uuid, uuid)

    # --- Changes ---

    def _rename_class(self, old: str, new: str) -> None:
        self._capacities.forget()
        for amounts in (self.held, self.capacity):
            for key, name in [each for each in amounts if each[1] == old]:
                counted = amounts.pop((key, name))
                amounts[new if key == old and self.by is ReportBy.CLASS else key, new] += counted
        for resources in self._all_resources():
            if old in resources:
                resources[new] = resources.pop(old)

    def _all_resources(self) -> Iterator[Resources]:
        for holding in self._holdings.values():
            yield from holding.held.values()
        for stock in self._stocks.values():
            yield stock.capacity

    def _enter_providers(self, facts: Facts) -> None:
        if self.by is ReportBy.HOST:
            self._count_moved({fact.uuid: fact.root for fact in facts.providers})
        for fact in facts.providers:
            stock = self._stocks.get(fact.uuid)
            if stock is None:
                self._stocks[fact.uuid] = _Stock(fact.root, fact.name, {}, self._now)
            else:
                stock.root, stock.name = fact.root, fact.name
        for uuid, inventories in facts.inventories.items():
            if (stock := self._stocks.get(uuid)) is not None:
                if stock.counted < self._now:
                    self._count_capacity(stock)
                stock.capacity = self._capacities.shared(inventories)

    def _count_moved(self, roots: Mapping[str, str]) -> None:
        """Count what providers have, and what is held of them, before they move below another root."""
        moved = {uuid for uuid, root in roots.items() if uuid in self._stocks and self._stocks[uuid].root != root}
        if not moved:
            return
        for uuid in moved:
            self._count_capacity(self._stocks[uuid])
        for holding in self._holdings.values():
            if not moved.isdisjoint(holding.held):
                self._count_held(holding)

    def _enter_claims(self, facts: Facts) -> None:
        for consumer, held in facts.claims.items():
            before = self._holdings.pop(consumer, None)
            if before is not None:
                self._count_held(before)
            if held:
                span = facts.terms.get(consumer)
                self._holdings[consumer] = _Holding(held, facts.owners.get(consumer), self._now, span)

    def _enter_gone(self, uuid: str) -> None:
        stock = self._stocks.pop(uuid, None)
        if stock is not None:
            self._count_capacity(stock)
            if uuid in self._hosts:
                self._gone[uuid] = stock.name

    # --- Counting ---

    def _count_held(self, holding: _Holding) -> None:
        """Add what a consumer has held since it was last counted."""
        begin, end = max(holding.counted, self.since), min(self._now, self.until)
        holding.counted = self._now
        if holding.span is not None:
            begin = max(begin, holding.span.start)
            end = end if holding.span.due is None else min(end, holding.span.due)
        if end <= begin or (self._project and (holding.owner is None or holding.owner.project != self._project)):
            return
        for provider, resources in holding.held.items():
            for name, amount in resources.items():
                self.held[self._key(holding.owner, provider, name), name] += amount * (end - begin)

    def _count_capacity(self, stock: _Stock, times: int = 1) -> None:
        """Add what could be claimed of a provider since it was last counted. times: of how many that are alike."""
        begin, end = max(stock.counted, self.since), min(self._now, self.until)
        stock.counted = self._now
        key = self._capacity_key(stock)
        if end > begin:
            for name, amount in stock.capacity.items():
                self.capacity[key, name] += amount * (end - begin) * times

    def _capacity_key(self, stock: _Stock) -> str:
        return stock.root if self.by is ReportBy.HOST else EVERYWHERE

    def _host(self, provider: str) -> str:
        """Return the root of a provider, and remember that something of it was counted."""
        root = self._stocks[provider].root if provider in self._stocks else provider
        self._hosts.add(root)
        return root


class _Capacities:
    """Capacities by class. Providers that are imported together are alike: they get the same dictionary."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], tuple[Mapping[str, Inventory], Resources]] = {}

    def shared(self, inventories: Mapping[str, Inventory]) -> Resources:
        """Return what can be claimed of these inventories."""
        names = tuple(inventories)
        last = self._last.get(names)
        if last is None or last[0] != inventories:
            capacity = {name: inventory.capacity for name, inventory in inventories.items()}
            last = self._last[names] = inventories, capacity
        return last[1]

    def forget(self) -> None:
        """Drop the capacities that were given, of which no other provider gets one: a class was renamed."""
        self._last = {}


def _in_steps(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield some items at a time: less than a millisecond's work."""
    rest = iter(items)
    while some := list(islice(rest, AT_ONCE)):
        yield some
