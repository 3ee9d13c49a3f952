"""The fleet: every provider has a slot, and every fact about it is in a column at that slot."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final

import numpy as np

from berth.fleet.state.catalogue import Catalogue
from berth.fleet.state.columns import NO_ROW, ClassColumn, Column
from berth.fleet.state.copy_on_write import CopyOnWrite
from berth.fleet.state.drains import Drains
from berth.fleet.state.lapses import Ending, Lapses
from berth.fleet.state.leased import Leased
from berth.fleet.state.set_table import EMPTY, SetTable
from berth.fleet.state.slot_names import SlotNames
from berth.model.aggregate import AggregateName
from berth.model.change import CatalogueEntry, NameKind, ProviderFact
from berth.model.drain_state import DrainFact
from berth.model.errors import ProviderNotFound
from berth.model.names import SHARES_VIA_AGGREGATE

NO_SLOT = -1

MOST_INTERNED: Final = 10_000
"""How many distinct tuples of classes are remembered so that providers share them."""


class Fleet(CopyOnWrite):
    """All providers and their inventories, traits and aggregates, up to the change numbered `head`.

    Slots of deleted providers have root NO_SLOT and are reused. members: the slots of each
    tree of more than one provider, by the root's slot; nested: by slot, whether it is the root of such
    a tree; children: by the parent's slot; sharing: by aggregate, the providers that share with its members; classes:
    by slot, the ids of the resource classes it has inventories of, in order; spelled: by slot, the aggregates as they
    were given, where that is not the usual form, which is all that the other columns have; lapses: consumers whose
    claims count until an instant; leased: those with a lease; drains: of providers that take no new claims. What is
    used is what counts at the instant `lapses.now`.

    restructured_at: the number of the last change to anything but what is held; room_made_at: of the last one that may
    have made room, which is that or a release. lineage: the same for all versions of a fleet, another one after it was
    built from rows again.

    A reader has a version that does not change any more. Only methods change a fleet, of the version that is the newest
    (berth.ledger.versions); values inside of dictionaries and lists are replaced, never changed.
    """

    __slots__ = (
        "_free",
        "_interned",
        "_own_classes",
        "_shared_with",
        "aggregate_set",
        "aggregate_sets",
        "catalogue",
        "children",
        "classes",
        "columns",
        "created_at",
        "drains",
        "generation",
        "head",
        "id",
        "lapses",
        "leased",
        "lineage",
        "members",
        "names",
        "nested",
        "parent",
        "restructured_at",
        "room_made_at",
        "root",
        "sharing",
        "slot_of",
        "slot_of_name",
        "spelled",
        "trait_set",
        "trait_sets",
        "updated_at",
        "uuids",
    )

    parts = frozenset(__slots__) - {
        "_interned",
        "_own_classes",
        "_shared_with",
        "head",
        "lineage",
        "restructured_at",
        "room_made_at",
    }

    def __init__(self) -> None:
        super().__init__()
        self.head = self.restructured_at = self.room_made_at = 0
        self.lineage, self.catalogue = object(), Catalogue()
        self.slot_of: dict[str, int] = {}
        self.slot_of_name: dict[str, int] = {}
        self.uuids, self.names = list[str](), SlotNames()
        self.classes: list[tuple[int, ...]] = []
        self.id, self.generation = Column(np.int64), Column(np.int64)
        self.parent, self.root = Column(np.int32), Column(np.int32)
        self.trait_set, self.aggregate_set = Column(np.int32), Column(np.int32)
        self.created_at, self.updated_at = Column(np.int64), Column(np.int64)
        self.nested = Column(np.bool_)
        self.trait_sets, self.aggregate_sets = SetTable(), SetTable()
        self.columns: dict[int, ClassColumn] = {}
        self.members: dict[int, tuple[int, ...]] = {}
        self.children: dict[int, tuple[int, ...]] = {}
        self.sharing: dict[int, frozenset[int]] = {}
        self.spelled: dict[int, frozenset[int]] = {}
        self.lapses, self.leased, self.drains = Lapses(), Leased(), Drains()
        self._own_classes: set[int] = set()
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

    def fork(self) -> Fleet:
        """Return a new version, which shares every part with this one."""
        forked = super().fork()
        forked._own_classes, forked._shared_with = set(), {}  # noqa: SLF001 - of the same class
        return forked

    def unshared_bytes(self, seen: set[int]) -> int:
        """Return the size of the parts whose `id` is not in `seen`, which is then extended by them."""
        return super().unshared_bytes(seen) + sum(column.unshared_bytes(seen) for column in self.columns.values())

    def tree(self, root: int) -> Sequence[int]:
        """Return the slots of the tree with this root, including the root."""
        return self.members.get(root) or (root,)

    def traits_of(self, slot: int) -> frozenset[int]:
        """Return the ids of a provider's traits."""
        return self.trait_sets.sets[self.trait_set.item(slot)]

    def aggregates_of(self, slot: int) -> frozenset[int]:
        """Return the ids of a provider's aggregates."""
        return self.aggregate_sets.sets[self.aggregate_set.item(slot)]

    def given_aggregates_of(self, slot: int) -> frozenset[int]:
        """Return the ids of a provider's aggregates, spelled as they were given."""
        return self.spelled.get(slot) or self.aggregates_of(slot)

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

    def add_name(self, entry: CatalogueEntry) -> None:
        """Add a name, or rename the entry with its number."""
        self._own("catalogue")
        self.catalogue.add(entry)

    def name_aggregate(self, uuid: str, named: AggregateName) -> None:
        """Give an aggregate a name, or remove it (NO_NAME)."""
        self._own("catalogue")
        self.catalogue.aggregate_names.put(uuid, named)

    def remove_name(self, number: int) -> None:
        """Remove the name with this number, and the column of the class that had it."""
        self._own("catalogue")
        self.catalogue.remove(number)
        if number in self.columns:
            self._own("columns")
            del self.columns[number]
            self._own_classes.discard(number)

    def put_provider(self, fact: ProviderFact) -> None:
        """Add, rename or move a provider. Its parent and root must exist already, or be the provider itself."""
        slot = self.slot_of.get(fact.uuid, NO_SLOT)
        if slot == NO_SLOT:
            slot = self._new_slot(fact)
        if self.names[slot] != fact.name or self.slot_of_name.get(fact.name) != slot:
            self._rename(slot, fact.name)
        self.set_generation(slot, fact.generation, fact.updated_at)
        parent = NO_SLOT if fact.parent is None else self.slot_of[fact.parent]
        self._place(slot, parent, self.slot_of[fact.root])

    def drop_provider(self, uuid: str) -> None:
        """Remove a provider and everything it has."""
        slot = self.slot_of.get(uuid, NO_SLOT)
        if slot == NO_SLOT:
            return
        for number in self.classes[slot]:
            self.own_column(number).drop(slot)
        self.set_classes(slot, ())
        self.set_traits(slot, frozenset())
        self.set_aggregates(slot, frozenset())
        self.set_drain(slot, None)
        self._unplace(slot)
        self._own("root", "parent", "slot_of", "slot_of_name", "uuids", "names", "_free")
        self.root.set(slot, NO_SLOT)
        self.parent.set(slot, NO_SLOT)
        del self.slot_of[uuid], self.slot_of_name[self.names[slot]]
        self.uuids[slot] = self.names[slot] = ""
        heapq.heappush(self._free, slot)

    def set_generation(self, slot: int, generation: int, updated_at: int) -> None:
        """Set a provider's generation, and when it was changed: in microseconds since 1970 UTC."""
        self._own("generation", "updated_at")
        self.generation.set(slot, generation)
        self.updated_at.set(slot, updated_at)

    def set_used(self, slot: int, number: int, amount: int) -> None:
        """Set how much is held of a class of a provider, if the provider has an inventory of it.

        The amount is that of the rows: what has lapsed is a part of it, and none of what is used.
        """
        if self.lapses.amounts:
            amount -= self.lapses.amounts.get((slot, number), 0)
        column = self.columns[number]
        row = column.row(slot)
        if row != NO_ROW:  # a reshape may have removed the inventory, once nothing was held of it
            if number not in self._own_classes:
                column = self.own_column(number)
            if amount < column.used.item(row):
                self.room_made_at = self.head + 1
            column.set_used(row, amount)

    def set_ending(self, consumer: str, ending: Ending | None) -> None:
        """Set until when a consumer's claim counts, if it ends. Call it before `set_used`."""
        if ending is not None or self.lapses.ahead or self.lapses.lapsed:
            self._own("lapses")
            self.lapses.put(consumer, ending)

    def set_drain(self, slot: int, drain: DrainFact | None) -> None:
        """Let a provider take no new claims, with all below it, or end that (None)."""
        if drain is not None or slot in self.drains.by_slot:
            self.own("drains").put(slot, drain)

    def advance(self, now: int) -> None:
        """Subtract what lapses up to an instant from what is used: in microseconds since 1970 UTC."""
        self._own("lapses")
        for ending in self.lapses.advance(now):
            for (slot, number), amount in ending.amounts:
                self.own_column(number).add_used(slot, -amount)

    def own_column(self, number: int) -> ClassColumn:
        """Return the column of a class for writing, new if there is none."""
        if number not in self._own_classes:
            shared = self.columns.get(number)
            self.add_column(number, ClassColumn() if shared is None else shared.fork())
        return self.columns[number]

    def add_column(self, number: int, column: ClassColumn) -> None:
        """Set the column of a class to one that no other version has."""
        self._own("columns")
        self.columns[number] = column
        self._own_classes.add(number)

    def set_classes(self, slot: int, numbers: tuple[int, ...]) -> None:
        """Record which classes a provider has inventories of."""
        if self.classes[slot] == numbers:
            return
        if len(self._interned) > MOST_INTERNED:
            self._interned = {}
        self._own("classes")
        self.classes[slot] = self._interned.setdefault(numbers, numbers)

    def set_traits(self, slot: int, traits: frozenset[int]) -> None:
        """Set a provider's traits."""
        if self.traits_of(slot) == traits:
            return
        before, number = self._shares(slot), self.trait_set.item(slot)
        self._own("trait_set", "trait_sets")
        self.trait_set.set(slot, self.trait_sets.use(traits))
        self.trait_sets.release(number)
        if before != self._shares(slot):
            self._share(slot, self.aggregates_of(slot), starts=not before)

    def set_aggregates(self, slot: int, given: frozenset[int]) -> None:
        """Set a provider's aggregates, by the ids of the spellings that were given."""
        aggregates = self.catalogue.usual_aggregates(given)
        if aggregates != given or slot in self.spelled:
            self._own("spelled")
            self.spelled.pop(slot, None)
            if aggregates != given:
                self.spelled[slot] = given
        before, number = self.aggregates_of(slot), self.aggregate_set.item(slot)
        if before == aggregates:
            return
        self._own("aggregate_set", "aggregate_sets")
        new = self.aggregate_sets.use(aggregates)
        self.aggregate_set.set(slot, new)
        self.aggregate_sets.release(number)
        self._shared_with.pop(new, None)  # the number may have been another set's
        if self._shares(slot):
            self._share(slot, before, starts=False)
            self._share(slot, aggregates, starts=True)

    def _rename(self, slot: int, name: str) -> None:
        self._own("names", "slot_of_name")
        if self.slot_of_name.get(self.names[slot]) == slot:
            del self.slot_of_name[self.names[slot]]
        self.names[slot] = name
        self.slot_of_name[name] = slot

    def _new_slot(self, fact: ProviderFact) -> int:
        self._own("slot_of", "uuids", "names", "classes", "_free", *_BY_SLOT)
        if self._free:
            slot = heapq.heappop(self._free)
            for name, value in zip(_BY_SLOT, self._blank(fact), strict=True):
                getattr(self, name).set(slot, value)
            self.uuids[slot], self.names[slot], self.classes[slot] = fact.uuid, fact.name, ()
        else:
            slot = len(self.uuids)
            for name, value in zip(_BY_SLOT, self._blank(fact), strict=True):
                getattr(self, name).append(value)
            self.uuids.append(fact.uuid)
            self.names.append(fact.name)
            self.classes.append(())
        self.slot_of[fact.uuid] = slot
        return slot

    @staticmethod
    def _blank(fact: ProviderFact) -> tuple[int, ...]:
        return fact.id, fact.generation, NO_SLOT, NO_SLOT, EMPTY, EMPTY, fact.created_at, fact.updated_at, False

    def _place(self, slot: int, parent: int, root: int) -> None:
        """Put a provider below a parent and into a tree."""
        if self.root.values[slot] == root and self.parent.values[slot] == parent:
            return
        self._unplace(slot)
        if self.drains.by_slot:
            self.own("drains").forget_places()
        self._own("parent", "root")
        self.parent.set(slot, parent)
        self.root.set(slot, root)
        if parent != NO_SLOT:
            self._own("children")
            self.children[parent] = (*self.children.get(parent, ()), slot)
        if slot != root:
            self._own("members", "nested")
            self.members[root] = (*self.tree(root), slot)
            self.nested.set(root, value=True)

    def _unplace(self, slot: int) -> None:
        parent, root = self.parent.item(slot), self.root.item(slot)
        if parent != NO_SLOT:
            self._own("children")
            _remove_from(self.children, parent, slot)
        if root not in (NO_SLOT, slot):
            self._own("members")
            _remove_from(self.members, root, slot)
            if self.members.get(root) == (root,):
                self._own("nested")
                del self.members[root]
                self.nested.set(root, value=False)

    def _shares(self, slot: int) -> bool:
        trait = self.catalogue.id_of(NameKind.TRAIT, SHARES_VIA_AGGREGATE)
        return trait in self.traits_of(slot)

    def _share(self, slot: int, aggregates: frozenset[int], *, starts: bool) -> None:
        """Begin or end sharing with the members of these aggregates."""
        self._own("sharing")
        self._shared_with.clear()
        for aggregate in aggregates:
            slots = self.sharing.get(aggregate, frozenset())
            slots = slots | {slot} if starts else slots - {slot}
            if slots:
                self.sharing[aggregate] = slots
            else:
                self.sharing.pop(aggregate, None)


_BY_SLOT = ("id", "generation", "parent", "root", "trait_set", "aggregate_set", "created_at", "updated_at", "nested")
"""The columns with a value for every slot, in the order of `Fleet._blank`."""


def _remove_from(tuples: dict[int, tuple[int, ...]], key: int, slot: int) -> None:
    left = tuple(each for each in tuples[key] if each != slot)
    if left:
        tuples[key] = left
    else:
        del tuples[key]
