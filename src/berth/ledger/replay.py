"""Replay of the change log into plain dictionaries, to verify the ledger against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from berth.model.aggregate import AggregateName
from berth.model.change import Change, Facts, NameKind, ProviderFact
from berth.model.consumer import Owner, Resources
from berth.model.consumer_name import UNNAMED, ConsumerName
from berth.model.drain_state import DrainFact
from berth.model.inventory import Inventory
from berth.model.lease import LeaseFact
from berth.model.names import UNKNOWN_TYPE
from berth.model.term import Span, counts

CLAIMING: Final = frozenset({"SetAllocations", "Allocate", "Undo"})
"""Operations that may raise what is held; afterwards it must be within capacity."""


@dataclass(slots=True)
class Account:
    """One provider, as rows or the change log have it."""

    id: int
    name: str
    generation: int
    parent: str | None
    root: str
    inventories: dict[str, Inventory] = field(default_factory=dict)
    traits: frozenset[str] = frozenset()
    aggregates: frozenset[str] = frozenset()
    used: Resources = field(default_factory=dict)


@dataclass(slots=True)
class Books:
    """A whole ledger.

    held: amounts by consumer, provider and class; terms: of consumers whose claims end or are pending; generations: of
    consumers; owners: of those whose last change names one; damaged: entries of the change log that cannot be read and
    that no later one mends, by number; leases: that have not ended, without what renewals change; aggregate_names: by
    canonical uuid; drains: by the uuid of the provider that was drained; consumer_names: of consumers that have a
    name or a note.
    """

    names: dict[int, tuple[str, str]] = field(default_factory=dict)
    providers: dict[str, Account] = field(default_factory=dict)
    held: dict[str, dict[str, Resources]] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)
    terms: dict[str, Span] = field(default_factory=dict)
    number: int = 0
    damaged: dict[int, Change] = field(default_factory=dict)
    leases: dict[str, LeaseFact] = field(default_factory=dict)
    aggregate_names: dict[str, AggregateName] = field(default_factory=dict)
    drains: dict[str, DrainFact] = field(default_factory=dict)
    consumer_names: dict[str, ConsumerName] = field(default_factory=dict)

    def enter_lease(self, uuid: str, lease: LeaseFact) -> None:
        """Enter the present state of a lease. One that has ended is known by its consumers only."""
        if lease.ended_at is None:
            self.leases[uuid] = replace(lease, deadline=0, overdue_at=None)
        else:
            self.leases.pop(uuid, None)


def replay(books: Books, log: Iterable[Change]) -> Iterator[str]:
    """Enter every change into the books. Yield a finding for what no correct ledger could have written."""
    for change in log:
        if change.number != books.number + 1:
            yield f"change {change.number} follows change {books.number}"
        books.number = change.number
        if change.fault:
            books.damaged[change.number] = change
        try:
            for finding in _enter(books, change):
                if change.fault:  # it is reported itself
                    continue
                yield f"change {change.number}: {finding}"
        except KeyError as missing:
            if not change.fault:
                yield f"change {change.number} is about {missing}, which is not there"
        for number in change.facts.mended:
            books.damaged.pop(number, None)


def _enter(books: Books, change: Change) -> Iterator[str]:
    facts = change.facts
    _enter_names(books, facts)
    _enter_providers(books, facts)
    # After an entry that cannot be read, room is known again once it is mended.
    claiming = change.operation in CLAIMING and not books.damaged
    for uuid, used in facts.used.items():
        yield from _enter_used(books, uuid, used, change.at if claiming else None)
    for uuid, generation in facts.generations.items():
        if generation <= books.providers[uuid].generation:
            yield f"generation of {uuid} goes from {books.providers[uuid].generation} to {generation}"
        books.providers[uuid].generation = generation
    for consumer, held in facts.claims.items():
        yield from _enter_claim(books, consumer, held, facts.owners.get(consumer))
        books.terms.pop(consumer, None)
    books.terms.update(facts.terms)
    _enter_consumer_names(books, facts)
    for lease, fact in facts.leases.items():
        books.enter_lease(lease, fact)
    for uuid, drain in facts.drains.items():
        books.drains.pop(uuid, None)
        if drain is not None:
            books.drains[uuid] = drain
    for uuid in facts.gone:
        books.drains.pop(uuid, None)
        if any(books.providers.pop(uuid).used.values()):
            yield f"{uuid} goes while something of it is held"


def _enter_names(books: Books, facts: Facts) -> None:
    for number in facts.unnamed:
        del books.names[number]
    for named in facts.names:
        old = books.names.get(named.id)
        if old is not None and named.kind is NameKind.CLASS:
            _rename_class(books, old[1], named.name)
        books.names[named.id] = named.kind.value, named.name
    for uuid, label in facts.aggregate_names.items():
        books.aggregate_names.pop(uuid, None)
        if label.name:
            books.aggregate_names[uuid] = label


def _rename_class(books: Books, old: str, new: str) -> None:
    """Rename a class everywhere: facts refer to it by name, and earlier ones are not repeated."""
    by_class: list[dict[str, Any]] = [resources for held in books.held.values() for resources in held.values()]
    for account in books.providers.values():
        account.inventories = dict(account.inventories)
        by_class += [account.inventories, account.used]
    for values in by_class:
        if old in values:
            values[new] = values.pop(old)


def _enter_providers(books: Books, facts: Facts) -> None:
    for fact in facts.providers:
        _enter_provider(books, fact)
    for uuid, inventories in facts.inventories.items():
        books.providers[uuid].inventories = inventories
    for uuid, traits in facts.traits.items():
        books.providers[uuid].traits = frozenset(traits)
    for uuid, aggregates in facts.aggregates.items():
        books.providers[uuid].aggregates = frozenset(aggregates)


def _enter_provider(books: Books, fact: ProviderFact) -> None:
    account = books.providers.get(fact.uuid)
    if account is None:
        books.providers[fact.uuid] = Account(fact.id, fact.name, fact.generation, fact.parent, fact.root)
    else:
        account.name, account.parent, account.root = fact.name, fact.parent, fact.root


def _enter_used(books: Books, uuid: str, used: Resources, claimed_at: int | None) -> Iterator[str]:
    """Enter how much is held. claimed_at: when, if that may be by a claim; None if it is not."""
    account = books.providers[uuid]
    for name, amount in used.items():
        before, account.used[name] = account.used.get(name, 0), amount
        inventory = account.inventories.get(name)
        if claimed_at is not None and amount > before and _is_drained(books, uuid):
            yield f"{amount} of {name} are held of {uuid}, of which {before} were held when it was drained"
        if claimed_at is None or amount <= before or (inventory is not None and amount <= inventory.capacity):
            continue
        amount -= _lapsed(books, uuid, name, claimed_at)
        if inventory is None or amount > inventory.capacity:
            yield f"{amount} of {name} are held, which is more than there is room for"


def _is_drained(books: Books, uuid: str | None) -> bool:
    """Whether a provider, or one above it, is drained."""
    while books.drains and uuid is not None:
        if uuid in books.drains:
            return True
        uuid = books.providers[uuid].parent
    return False


def _lapsed(books: Books, uuid: str, name: str, now: int) -> int:
    """Return how much of what is held of a class of a provider counts no more, and was not swept."""
    over = (consumer for consumer, span in books.terms.items() if not counts(None, span.end, span.deadline, now, now))
    return sum(books.held[consumer].get(uuid, {}).get(name, 0) for consumer in over)


def _enter_claim(books: Books, consumer: str, held: dict[str, Resources], owner: Owner | None) -> Iterator[str]:
    """Enter what a consumer holds. owner: None in entries of a Berth that did not log owners."""
    before = books.owners.pop(consumer, None)
    if held:
        books.held[consumer] = held
        books.generations[consumer] = books.generations.get(consumer, 0) + 1
        if owner is not None:
            books.owners[consumer] = owner
    else:
        books.held.pop(consumer, None)
        books.generations.pop(consumer, None)
        books.consumer_names.pop(consumer, None)
        if owner is not None and before is not None and owner != before:
            yield f"{consumer} was released as of {in_words(owner)}, by the log before it was of {in_words(before)}"


def _enter_consumer_names(books: Books, facts: Facts) -> None:
    for consumer, named in facts.consumer_names.items():
        if named == UNNAMED:
            books.consumer_names.pop(consumer, None)
        else:
            books.consumer_names[consumer] = named


def in_words(owner: Owner) -> str:
    """Return an owner for a finding."""
    return f"project {owner.project}, user {owner.user}, type {owner.type or UNKNOWN_TYPE}"
