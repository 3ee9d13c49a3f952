"""The ledger as a batch sees it: the fleet, and on top of it what the commands before have decided.

Commands read and change a draft; nothing else does. A command checks everything before it changes the draft, so that
a refused one leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable

from berth.fleet.state.columns import NO_ROW
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.ledger.write.answers import BatchAnswers
from berth.ledger.write.draft_aggregates import DraftAggregates
from berth.ledger.write.draft_endings import DraftEndings
from berth.ledger.write.draft_entities import (
    NOTHING_PREFETCHED,
    DraftConsumer,
    DraftProvider,
    Holdings,
    NewToken,
    Prefetched,
    as_fact,
)
from berth.ledger.write.draft_leases import DraftLeases
from berth.ledger.write.draft_names import end_name
from berth.ledger.write.shortlist import Shortlist
from berth.model.change import CatalogueEntry, Facts, NameKind
from berth.model.consumer import Owner
from berth.model.drain_state import DrainFact
from berth.model.errors import ClassNotFound, ProviderNotFound, TraitsNotFound
from berth.model.inventory import Inventory
from berth.model.names import parse_uuid
from berth.model.term import LONGEST_HOLD_S, Span
from berth.model.token import Token


class Draft:
    """One batch's view of the ledger. now: microseconds since 1970 UTC; next_id: the next unused id.

    claims_only: whether all commands of the batch use up room, and none makes any; decided: how many commands have been
    decided; tried: how many candidates of each shortlist have no room any more; answers: of commands with a key, None
    if none has one; longest_hold_s: as in the settings; actor: the caller of a drain, as in the logs;
    drains: those that began, or ended (None), by provider.
    """

    def __init__(
        self,
        fleet: Fleet,
        now: int,
        next_id: int,
        prefetched: Prefetched = NOTHING_PREFETCHED,
        *,
        claims_only: bool = False,
        longest_hold_s: int = LONGEST_HOLD_S,
    ) -> None:
        self.fleet, self.now, self.next_id = fleet, now, next_id
        self.claims_only, self.longest_hold_s, self.decided = claims_only, longest_hold_s, 0
        self.facts, self.before = Facts(), Facts()
        self.providers: dict[str, DraftProvider] = {}
        self.consumers = {consumer.uuid: consumer for consumer in prefetched.consumers}
        self.tokens = {token.name: token for token in prefetched.tokens}
        self.new_tokens: dict[str, NewToken] = {}
        self.added_names: dict[tuple[NameKind, str], CatalogueEntry] = {}
        self.removed_names: dict[int, tuple[NameKind, str]] = {}
        self.renamed: dict[int, CatalogueEntry] = {}
        self.class_ids: dict[str, int] = {}
        self._added_types: dict[int, str] = {}
        self.tried: dict[Shortlist, int] = {}
        self.answers: BatchAnswers | None = None
        self._provider_names: dict[str, str | None] = {}
        self.ended, self.endings = dict(prefetched.ended), DraftEndings(prefetched.endings)
        self.leases = DraftLeases(prefetched)
        self.aggregate_names = DraftAggregates(fleet.catalogue.aggregate_names)
        self.actor, self.drains = "", dict[str, DrainFact | None]()
        self._lapsed = fleet.lapses.amounts.copy() if fleet.lapses.amounts else {}

    def pop_facts(self) -> tuple[Facts, Facts]:
        """Return the facts of the last command and the state before it, and begin those of the next command."""
        facts, before = self.facts, self.before
        self.decided += 1
        self.facts, self.before = Facts(), Facts()
        return facts, before

    # --- Providers: read ---

    def find_provider(self, uuid: str) -> DraftProvider | None:
        """Return a provider, or None if there is none."""
        provider = self.providers.get(uuid)
        if provider is not None:
            return None if provider.deleted else provider
        slot = self.fleet.slot_of.get(uuid, NO_SLOT)
        if slot == NO_SLOT:
            return None
        fleet = self.fleet
        parent, generation = fleet.parent.item(slot), fleet.generation.item(slot)
        provider = self.providers[uuid] = DraftProvider(
            id=fleet.id.item(slot),
            slot=slot,
            uuid=uuid,
            name=fleet.names[slot],
            generation=generation,
            seen=generation,
            parent=None if parent == NO_SLOT else fleet.uuids[parent],
            root=fleet.uuids[fleet.root.item(slot)],
            created_at=fleet.created_at.item(slot),
            updated_at=fleet.updated_at.item(slot),
        )
        return provider

    def provider(self, uuid: str) -> DraftProvider:
        """Return a provider. Raises ProviderNotFound."""
        provider = self.find_provider(uuid)
        if provider is None:
            raise ProviderNotFound(uuid)
        return provider

    def provider_id(self, uuid: str) -> int:
        """Return the id of a provider that exists."""
        provider = self.providers.get(uuid)
        return int(self.fleet.id.values[self.fleet.slot(uuid)]) if provider is None else provider.id

    def provider_named(self, name: str) -> str | None:
        """Return the uuid of the provider with this name, or None if there is none."""
        if name in self._provider_names:
            return self._provider_names[name]
        slot = self.fleet.slot_of_name.get(name, NO_SLOT)
        return None if slot == NO_SLOT else self.fleet.uuids[slot]

    def inventory(self, provider: DraftProvider, name: str) -> Inventory | None:
        """Return the inventory that a provider has of a class, or None."""
        if provider.inventories is not None:
            return provider.inventories.get(name)
        if name not in provider.stock:
            self._look_up(provider, name)
        return provider.stock[name]

    def inventories(self, provider: DraftProvider) -> dict[str, Inventory]:
        """Return all inventories of a provider. The result must not be changed."""
        if provider.inventories is not None:
            return provider.inventories
        if provider.slot == NO_SLOT:
            return {}
        names = map(self.fleet.catalogue.name_of, self.fleet.classes[provider.slot])
        pairs = [(name, self.inventory(provider, name)) for name in names]
        return {name: inventory for name, inventory in pairs if inventory is not None}

    def used(self, provider: DraftProvider, name: str) -> int:
        """Return how much of a class of a provider is held, without what counts no more."""
        if name not in provider.used:
            self._look_up(provider, name)
        return provider.used[name]

    def traits(self, provider: DraftProvider) -> frozenset[str]:
        """Return a provider's traits."""
        if provider.traits is not None or provider.slot == NO_SLOT:
            return provider.traits or frozenset()
        return frozenset(map(self.fleet.catalogue.name_of, self.fleet.traits_of(provider.slot)))

    def aggregates(self, provider: DraftProvider) -> set[str]:
        """Return a provider's aggregates, spelled as they were given."""
        if provider.aggregates is not None or provider.slot == NO_SLOT:
            return set(provider.aggregates or ())
        return set(map(self.fleet.catalogue.name_of, self.fleet.given_aggregates_of(provider.slot)))

    def _look_up(self, provider: DraftProvider, name: str) -> None:
        """Copy the inventory that a provider has of a class, and how much of it is held, from the fleet's columns."""
        number = self.class_id(name)
        column = None if number is None else self.fleet.columns.get(number)
        row = NO_ROW if column is None or provider.slot == NO_SLOT else column.row(provider.slot)
        if column is None or row == NO_ROW:
            provider.stock[name] = None
            provider.used.setdefault(name, 0)
            return
        provider.stock[name] = column.inventory(row)
        provider.used.setdefault(name, column.used.item(row))

    # --- Providers: change ---

    def add_provider(self, uuid: str, name: str, parent: DraftProvider | None) -> DraftProvider:
        """Add a provider, as a root or below a parent."""
        provider = self.providers[uuid] = DraftProvider(
            id=self.new_id(),
            slot=NO_SLOT,
            uuid=uuid,
            name=name,
            generation=0,
            seen=None,
            parent=None if parent is None else parent.uuid,
            root=uuid if parent is None else parent.root,
            created_at=self.now,
            updated_at=self.now,
        )
        self._provider_names[name] = uuid
        self.facts.providers.append(as_fact(provider))
        return provider

    def place_provider(self, provider: DraftProvider, name: str, parent: str | None, root: str) -> None:
        """Give a provider another name or another place."""
        self.before.providers.append(as_fact(provider))
        if name != provider.name:
            self._provider_names[provider.name] = None
            self._provider_names[name] = provider.uuid
        provider.name, provider.parent, provider.root = name, parent, root
        provider.placed, provider.updated_at = True, self.now
        self.facts.providers.append(as_fact(provider))

    def delete_provider(self, provider: DraftProvider) -> None:
        """Delete a provider with its inventories, traits and aggregates."""
        self.before.providers.append(as_fact(provider))
        self._remember_inventories(provider)
        self._remember_traits(provider)
        self._remember_aggregates(provider)
        provider.deleted = True
        self.providers[provider.uuid] = self.providers.pop(provider.uuid)  # rows go in this order: children first
        self._provider_names[provider.name] = None
        self.facts.gone.append(provider.uuid)

    def touch(self, provider: DraftProvider, by: int = 1) -> None:
        """Raise a provider's generation."""
        provider.generation += by
        provider.updated_at = self.now
        self.facts.generations[provider.uuid] = provider.generation

    def set_inventories(self, provider: DraftProvider, inventories: dict[str, Inventory]) -> None:
        """Replace a provider's inventories."""
        self._remember_inventories(provider)
        provider.inventories = inventories
        self.facts.inventories[provider.uuid] = inventories

    def set_traits(self, provider: DraftProvider, traits: frozenset[str]) -> None:
        """Replace a provider's traits."""
        self._remember_traits(provider)
        provider.traits = traits
        self.facts.traits[provider.uuid] = sorted(traits)

    def set_aggregates(self, provider: DraftProvider, aggregates: tuple[str, ...]) -> None:
        """Replace a provider's aggregates. Those that are new to the ledger get an id, and one more for a spelling."""
        for given in aggregates:
            for uuid in (parse_uuid(given) or given, given):
                if self.id_of(NameKind.AGGREGATE, uuid) is None:
                    self.add_name(NameKind.AGGREGATE, uuid)
        self._remember_aggregates(provider)
        provider.aggregates = aggregates
        self.facts.aggregates[provider.uuid] = list(aggregates)

    def set_used(self, provider: DraftProvider, name: str, amount: int) -> None:
        """Set how much of a class of a provider is held, without what counts no more."""
        provider.used[name] = amount
        if self._lapsed:
            amount += self._lapsed.get((provider.slot, self.class_ids[name]), 0)
        self.facts.used.setdefault(provider.uuid, {})[name] = amount

    def sweep(self, provider: DraftProvider, name: str, amount: int) -> None:
        """Note that an amount that counts no more is released."""
        used = self.used(provider, name)
        self._lapsed[provider.slot, self.class_ids[name]] -= amount
        self.set_used(provider, name, used)

    def _remember_inventories(self, provider: DraftProvider) -> None:
        if (old := self.inventories(provider)) and provider.uuid not in self.before.inventories:
            self.before.inventories[provider.uuid] = old

    def _remember_traits(self, provider: DraftProvider) -> None:
        if (old := self.traits(provider)) and provider.uuid not in self.before.traits:
            self.before.traits[provider.uuid] = sorted(old)

    def _remember_aggregates(self, provider: DraftProvider) -> None:
        if (old := self.aggregates(provider)) and provider.uuid not in self.before.aggregates:
            self.before.aggregates[provider.uuid] = sorted(old)

    # --- Names ---

    def id_of(self, kind: NameKind, name: str) -> int | None:
        """Return the id of a name, or None if there is no such name."""
        added = self.added_names.get((kind, name))
        return added.id if added is not None else self.fleet.catalogue.id_of(kind, name)

    def class_id(self, name: str) -> int | None:
        """Return the id of a resource class, or None; `class_ids` keeps it for the rows to write."""
        number = self.class_ids.get(name)
        if number is None and (number := self.id_of(NameKind.CLASS, name)) is not None:
            self.class_ids[name] = number
        return number

    def type_id(self, name: str) -> int:
        """Return the id of a consumer type; a new one is added."""
        number = self.id_of(NameKind.TYPE, name)
        if number is None:
            number = self.add_name(NameKind.TYPE, name)
            self._added_types[number] = name
        return number

    def need_class(self, name: str) -> None:
        """Raise ClassNotFound if there is no such resource class."""
        if self.class_id(name) is None:
            raise ClassNotFound(name)

    def need_traits(self, names: Iterable[str]) -> None:
        """Raise TraitsNotFound if some of these do not exist."""
        missing = [name for name in names if self.id_of(NameKind.TRAIT, name) is None]
        if missing:
            raise TraitsNotFound(missing)

    def add_name(self, kind: NameKind, name: str) -> int:
        """Add a name to the catalogue, and return its id."""
        entry = self.added_names[kind, name] = CatalogueEntry(kind, self.new_id(), name, self.now)
        self.facts.names.append(entry)
        if kind is NameKind.CLASS:
            self.class_ids[name] = entry.id
        return entry.id

    def remove_name(self, kind: NameKind, name: str) -> None:
        """Remove a stored name from the catalogue."""
        entry = self.fleet.catalogue.get(kind, name)
        assert entry is not None, "only stored names are removed, in a batch of their own"
        self.before.names.append(entry)
        self.removed_names[entry.id] = (kind, name)
        self.facts.unnamed.append(entry.id)

    def rename(self, kind: NameKind, old: str, new: str) -> None:
        """Rename a stored name."""
        entry = self.fleet.catalogue.get(kind, old)
        assert entry is not None, "only stored names are renamed, in a batch of their own"
        self.before.names.append(entry)
        renamed = self.renamed[entry.id] = CatalogueEntry(kind, entry.id, new, entry.at)
        self.facts.names.append(renamed)

    # --- Consumers and tokens ---

    def hold(self, consumer: DraftConsumer, held: Holdings, span: Span | None = None) -> None:
        """Replace what a consumer holds, and the span of that; if that is nothing, the consumer ends."""
        if consumer.held:
            self.before.claims.setdefault(consumer.uuid, consumer.held)
            if consumer.span is not None:
                self.before.terms.setdefault(consumer.uuid, consumer.span)
        if not held:
            end_name(self.before, consumer)
        consumer.held, consumer.span, consumer.changed = held, span, True
        if span is not None:
            self.facts.terms[consumer.uuid] = span
        self.facts.claims[consumer.uuid] = held
        self.facts.owners[consumer.uuid] = self.owner(consumer)

    def owner(self, consumer: DraftConsumer) -> Owner:
        """Return who a consumer belongs to."""
        number, type_ = consumer.type_id, None
        if number is not None:
            type_ = self._added_types.get(number) or self.fleet.catalogue.name_of(number)
        return Owner(consumer.project, consumer.user, type_)

    def set_owner(self, consumer: DraftConsumer, project: str, user: str, type_id: int | None) -> None:
        """Give a consumer to an owner. Who had it before is a part of the state before."""
        if consumer.held and (project, user, type_id) != (consumer.project, consumer.user, consumer.type_id):
            self.before.owners.setdefault(consumer.uuid, self.owner(consumer))
        consumer.project, consumer.user, consumer.type_id = project, user, type_id

    def add_consumer(self, uuid: str) -> DraftConsumer:
        """Return a new consumer, which holds nothing yet."""
        consumer = self.consumers.get(uuid)
        if consumer is None:
            consumer = self.consumers[uuid] = DraftConsumer(self.new_id(), uuid, 0, "", "", None, {}, False, False)
        consumer.generation = 0
        return consumer

    def consumer(self, uuid: str) -> DraftConsumer | None:
        """Return a consumer that holds something, or None."""
        consumer = self.consumers.get(uuid)
        return consumer if consumer is not None and consumer.held else None

    def put_token(self, token: Token) -> None:
        """Add a token, or replace a known one."""
        earlier = self.new_tokens.get(token.name)
        stored = token.name in self.tokens if earlier is None else earlier.stored
        self.tokens[token.name] = token
        self.new_tokens[token.name] = NewToken(token, stored)
        self.facts.tokens.append(token.name)

    def new_id(self) -> int:
        """Return an id that was never used."""
        number = self.next_id
        self.next_id += 1
        return number
