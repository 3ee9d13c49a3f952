"""The usage levels: follow how much of each class is held while the change log is read, and note it at instants."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from berth.ledger.queries.usage_meter import renamed_classes
from berth.ledger.replay import Books
from berth.model.change import Change, NameKind
from berth.model.consumer import Resources
from berth.model.inventory import Inventory
from berth.model.term import Span


class UsageLevels:
    """Follows what is held, and what could be held, by class. A claim counts until it ends or lapses, swept or not.

    instants: in order, in microseconds since 1970 UTC. noted: by instant, (held, capacity). damaged: numbers of entries
    that could not be read.
    """

    def __init__(self, instants: Sequence[int]) -> None:
        self.noted: dict[int, tuple[Resources, Resources]] = {}
        self.damaged: set[int] = set()
        self._ahead = list(reversed(instants))
        self._classes: dict[int, str] = {}
        self._held: Resources = {}
        self._capacity: Resources = {}
        self._claims: dict[str, Resources] = {}
        self._stocks: dict[str, Resources] = {}
        self._dues: list[tuple[int, str]] = []
        self._due_of: dict[str, int] = {}

    def load(self, books: Books) -> None:
        """Begin with the books as of a checkpoint."""
        self._classes = {number: name for number, (kind, name) in books.names.items() if kind == NameKind.CLASS}
        for uuid, account in books.providers.items():
            self._put_stock(uuid, account.inventories)
        for uuid, held in books.held.items():
            self._put_claim(uuid, held.values(), books.terms.get(uuid))

    def enter(self, change: Change) -> bool:
        """Enter the next change of the log. Return False if it was made after the last instant."""
        self.note_until(change.at - 1)
        if not self._ahead:
            return False
        facts = change.facts
        if change.fault:
            self.damaged.add(change.number)
        self.damaged.difference_update(facts.mended)
        for old, new in renamed_classes(self._classes, facts):
            self._rename(old, new)
        for uuid, inventories in facts.inventories.items():
            self._put_stock(uuid, inventories)
        for uuid, held in facts.claims.items():
            self._put_claim(uuid, held.values(), facts.terms.get(uuid))
        for uuid in facts.gone:
            self._put_stock(uuid, {})
        return True

    def note_until(self, now: int) -> None:
        """Note the levels of every instant up to this one, as they are by now."""
        while self._ahead and self._ahead[-1] <= now:
            instant = self._ahead.pop()
            while self._dues and self._dues[0][0] <= instant:
                due, uuid = heapq.heappop(self._dues)
                if self._due_of.get(uuid) == due:
                    self._put_claim(uuid, (), None)
            self.noted[instant] = dict(self._held), dict(self._capacity)

    def classes(self, most: int) -> list[str]:
        """Return the classes that most providers have."""
        count = Counter(name for stock in self._stocks.values() for name in stock)
        return [name for name, _ in count.most_common(most)]

    def _rename(self, old: str, new: str) -> None:
        noted = [levels for both in self.noted.values() for levels in both]
        for levels in (self._held, self._capacity, *self._claims.values(), *self._stocks.values(), *noted):
            if old in levels:
                levels[new] = levels.pop(old)

    def _put_claim(self, uuid: str, held: Iterable[Resources], span: Span | None) -> None:
        self._due_of.pop(uuid, None)
        claim: Resources = {}
        for resources in held:
            _add(claim, resources, 1)
        _replace(self._claims, self._held, uuid, claim)
        if span is not None and span.due is not None:
            self._due_of[uuid] = span.due
            heapq.heappush(self._dues, (span.due, uuid))

    def _put_stock(self, uuid: str, inventories: Mapping[str, Inventory]) -> None:
        stock = {name: max(0, each.capacity) for name, each in inventories.items()}
        _replace(self._stocks, self._capacity, uuid, stock)


def _replace(parts: dict[str, Resources], levels: Resources, uuid: str, now: Resources) -> None:
    """Replace one part of the levels."""
    _add(levels, parts.pop(uuid, {}), -1)
    if now:
        parts[uuid] = now
        _add(levels, now, 1)


def _add(levels: Resources, amounts: Resources, sign: int) -> None:
    for name, amount in amounts.items():
        levels[name] = levels.get(name, 0) + sign * amount
