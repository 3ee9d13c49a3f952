"""The fleet: every provider has a slot, and every fact about it is in a column at that slot."""

from __future__ import annotations

import heapq

import numpy as np

from berth.fleet.state.catalogue import Catalogue
from berth.fleet.state.columns import ClassColumn, Column, SetTable
from berth.model.change import NameKind, ProviderFact
from berth.model.errors import ProviderNotFound
from berth.model.names import SHARES_VIA_AGGREGATE

NO_SLOT = -1


class Fleet:
    """All providers and their inventories, traits and aggregates, up to the change numbered `head`.

    Slots of deleted providers have root NO_SLOT and are reused. members: the slots of each
    tree of more than one provider, by the root's slot; nested: by slot, whether it is the root of such
    a tree; children: by the parent's slot; sharing: by aggregate, the providers that share with its members; classes:
    by slot, the ids of the resource classes it has inventories of, in order.
    """

    __slots__ = (
        "_free",
        "_interned",
        "_shared_with",
        "aggregate_set",
        "aggregate_sets",
        "catalogue",
        "children",
        "classes",
        "columns",
        "created_at",
        "generation",
        "head",
        "id",
        "members",
        "names",
        "nested",
        "parent",
        "root",
        "sharing",
        "slot_of",
        "slot_of_name",
        "trait_set",
        "trait_sets",
        "updated_at",
        "uuids",
    )

    def __init__(self) -> None:
        self.head = 0
        self.catalogue = Catalogue()
        self.slot_of: dict[str, int] = {}
        self.slot_of_name: dict[str, int] = {}
        self.uuids: list[str] = []
        self.names: list[str] = []
        self.classes: list[tuple[int, ...]] = []
        self.id = Column(np.int64)
        self.generation = Column(np.int64)
        self.parent = Column(np.int32)
        self.root = Column(np.int32)
        self.trait_set = Column(np.int32)
        self.aggregate_set = Column(np.int32)
        self.created_at = Column(np.int64)
        self.updated_at = Column(np.int64)
        self.nested = Column(np.bool_)
        self.trait_sets = SetTable()
        self.aggregate_sets = SetTable()
        self.columns: dict[int, ClassColumn] = {}
        self.members: dict[int, list[int]] = {}
        self.children: dict[int, list[int]] = {}
        self.sharing: dict[int, set[int]] = {}
        self._free: list[int] = []
        self._interned: dict[tuple[int, ...], tuple[int, ...]] = {(): ()}
        self._shared_with: dict[int, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.slot_of)

    def slot(self, uuid: str) -> int:
        """Return the slot of a provider; raises ProviderNotFound."""
        slot = self.slot_of.get(uuid)
        if slot is None:
            raise ProviderNotFound(uuid)
        return slot

    def tree(self, root: int) -> list[int]:
        """Return the slots of the tree with this root, including the root."""
        return self.members.get(root) or [root]

    def traits_of(self, slot: int) -> frozenset[int]:
        """Return the ids of a provider's traits."""
        return self.trait_sets.sets[int(self.trait_set.values[slot])]

    def aggregates_of(self, slot: int) -> frozenset[int]:
        """Return the ids of a provider's aggregates."""
        return self.aggregate_sets.sets[int(self.aggregate_set.values[slot])]

    def shared_with_set(self, aggregate_set: int) -> tuple[int, ...]:
        """Return the slots of the providers that share with the members of this set of aggregates."""
        if not self.sharing:
            return ()
        shared = self._shared_with.get(aggregate_set)
        if shared is None:
            aggregates = self.aggregate_sets.sets[aggregate_set]
            found = (self.sharing.get(aggregate, ()) for aggregate in aggregates)
            shared = self._shared_with[aggregate_set] = tuple(sorted(set().union(*found)))
        return shared

    # The methods below change the fleet; only berth.fleet.state.apply and build call them.

    def put_provider(self, fact: ProviderFact) -> None:
        """Add, rename or move a provider. Its parent and root must exist already, or be the provider itself."""
        slot = self.slot_of.get(fact.uuid, NO_SLOT)
        if slot == NO_SLOT:
            slot = self._new_slot(fact)
        if self.slot_of_name.get(self.names[slot]) == slot:
            del self.slot_of_name[self.names[slot]]
        self.names[slot] = fact.name
        self.slot_of_name[fact.name] = slot
        self.generation.values[slot] = fact.generation
        self.updated_at.values[slot] = fact.updated_at
        parent = NO_SLOT if fact.parent is None else self.slot_of[fact.parent]
        self._place(slot, parent, self.slot_of[fact.root])

    def drop_provider(self, uuid: str) -> None:
        """Remove a provider and everything it has."""
        slot = self.slot_of.get(uuid, NO_SLOT)
        if slot == NO_SLOT:
            return
        for number in self.classes[slot]:
            self.columns[number].drop(slot)
        self.classes[slot] = ()
        self.set_traits(slot, frozenset())
        self.set_aggregates(slot, frozenset())
        self._unplace(slot)
        self.root.values[slot] = self.parent.values[slot] = NO_SLOT
        del self.slot_of[uuid]
        del self.slot_of_name[self.names[slot]]
        self.uuids[slot] = self.names[slot] = ""
        heapq.heappush(self._free, slot)

    def set_classes(self, slot: int, numbers: tuple[int, ...]) -> None:
        """Record which classes a provider has inventories of."""
        self.classes[slot] = self._interned.setdefault(numbers, numbers)

    def set_traits(self, slot: int, traits: frozenset[int]) -> None:
        """Set a provider's traits."""
        before = self._shares(slot)
        self.trait_set.values[slot] = self.trait_sets.id_of(traits)
        if before != self._shares(slot):
            self._share(slot, self.aggregates_of(slot), starts=not before)

    def set_aggregates(self, slot: int, aggregates: frozenset[int]) -> None:
        """Set a provider's aggregates."""
        before = self.aggregates_of(slot)
        self.aggregate_set.values[slot] = self.aggregate_sets.id_of(aggregates)
        if self._shares(slot):
            self._share(slot, before, starts=False)
            self._share(slot, aggregates, starts=True)

    def _new_slot(self, fact: ProviderFact) -> int:
        if self._free:
            slot = heapq.heappop(self._free)
            for column, value in zip(self._columns(), self._blank(fact), strict=True):
                column.values[slot] = value
            self.uuids[slot], self.names[slot], self.classes[slot] = fact.uuid, fact.name, ()
        else:
            slot = len(self.uuids)
            for column, value in zip(self._columns(), self._blank(fact), strict=True):
                column.append(value)
            self.uuids.append(fact.uuid)
            self.names.append(fact.name)
            self.classes.append(())
        self.slot_of[fact.uuid] = slot
        return slot

    def _columns(self) -> tuple[Column, ...]:
        return (
            self.id,
            self.generation,
            self.parent,
            self.root,
            self.trait_set,
            self.aggregate_set,
            self.created_at,
            self.updated_at,
            self.nested,
        )

    @staticmethod
    def _blank(fact: ProviderFact) -> tuple[int, ...]:
        return fact.id, fact.generation, NO_SLOT, NO_SLOT, 0, 0, fact.created_at, fact.updated_at, False

    def _place(self, slot: int, parent: int, root: int) -> None:
        """Put a provider below a parent and into a tree."""
        if self.root.values[slot] == root and self.parent.values[slot] == parent:
            return
        self._unplace(slot)
        self.parent.values[slot], self.root.values[slot] = parent, root
        if parent != NO_SLOT:
            self.children.setdefault(parent, []).append(slot)
        if slot != root:
            self.members.setdefault(root, [root]).append(slot)
            self.nested.values[root] = True

    def _unplace(self, slot: int) -> None:
        parent, root = int(self.parent.values[slot]), int(self.root.values[slot])
        if parent != NO_SLOT:
            _remove_from(self.children, parent, slot)
        if root not in (NO_SLOT, slot):
            _remove_from(self.members, root, slot)
            if self.members.get(root) == [root]:
                del self.members[root]
                self.nested.values[root] = False

    def _shares(self, slot: int) -> bool:
        trait = self.catalogue.id_of(NameKind.TRAIT, SHARES_VIA_AGGREGATE)
        return trait in self.traits_of(slot)

    def _share(self, slot: int, aggregates: frozenset[int], *, starts: bool) -> None:
        """Begin or end sharing with the members of these aggregates."""
        self._shared_with.clear()
        for aggregate in aggregates:
            slots = self.sharing.setdefault(aggregate, set())
            if starts:
                slots.add(slot)
            else:
                slots.discard(slot)
            if not slots:
                del self.sharing[aggregate]


def _remove_from(lists: dict[int, list[int]], key: int, slot: int) -> None:
    slots = lists[key]
    slots.remove(slot)
    if not slots:
        del lists[key]
