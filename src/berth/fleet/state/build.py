"""A fleet built from rows, when a process starts: column by column, a million providers in seconds."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.columns import CAPACITY_LIMIT, ClassColumn, Column, clipped_capacity
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.state.lapses import Ending, SlotClass
from berth.model.aggregate import AggregateName
from berth.model.change import CatalogueEntry
from berth.model.drain_state import DrainFact
from berth.model.inventory import NEARLY_WHOLE
from berth.model.term import Span

NameRows = Iterable[Sequence[Any]]
Chunks = Iterable[Sequence[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class FleetRows:
    """Everything in a fleet, as rows read in one snapshot; all but names and used in chunks, ordered by provider id.

    providers: (id, uuid, name, generation, parent_id, root_id, created_at, updated_at);
    inventories: (provider_id, class_id, total, reserved, min_unit, max_unit, step_size,
    allocation_ratio, updated_at); traits, aggregates: (provider_id, id);
    used: (provider_id, class_id, amount), in any order; ending: (consumer, end, deadline, provider_id, class_id,
    amount) of claims that end or have to be confirmed; leased: (consumer, lease, whether that has ended and the claims
    are to be released); head: the number of the last change included;
    aggregate_names: by canonical uuid; drains: by provider id.
    """

    names: Iterable[CatalogueEntry]
    providers: Chunks
    inventories: Chunks
    traits: Chunks
    aggregates: Chunks
    used: NameRows
    head: int
    ending: NameRows = ()
    leased: NameRows = ()
    aggregate_names: Mapping[str, AggregateName] = field(default_factory=dict)
    drains: Mapping[int, DrainFact] = field(default_factory=dict)


def build(source: FleetRows) -> Fleet:
    """Return the fleet that these rows describe."""
    fleet = Fleet()
    with _without_garbage_collection():
        for entry in source.names:
            fleet.add_name(entry)
        for uuid, named in source.aggregate_names.items():
            fleet.name_aggregate(uuid, named)
        _load_providers(fleet, source.providers)
        _load_inventories(fleet, source.inventories)
        _load_used(fleet, source.used)
        _load_endings(fleet, source.ending)
        for consumer, lease, ending in source.leased:
            fleet.leased.put(consumer, lease)
            fleet.leased.ending |= {lease} if ending else frozenset()
        for provider, drain in source.drains.items():
            fleet.set_drain(int(fleet.id.values.searchsorted(provider)), drain)
        for slot, aggregates in _sets(fleet, source.aggregates):
            fleet.set_aggregates(slot, aggregates)
        for slot, traits in _sets(fleet, source.traits):
            fleet.set_traits(slot, traits)
    fleet.head = fleet.restructured_at = fleet.room_made_at = source.head
    return fleet


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable the garbage collector, which would walk millions of new objects repeatedly and free none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load_providers(fleet: Fleet, chunks: Chunks) -> None:
    numbers: list[NDArray[np.int64]] = []
    for chunk in chunks:
        ids, uuids, names, generations, parents, roots, created, updated = zip(*chunk, strict=True)
        fleet.uuids.extend(uuids)
        fleet.names.extend(names)
        parents = tuple(NO_SLOT if parent is None else parent for parent in parents)
        numbers.append(np.array((ids, generations, parents, roots, created, updated), dtype=np.int64))
    if not numbers:
        return
    ids, generations, parents, roots, created, updated = np.concatenate(numbers, axis=1)
    count = len(ids)
    fleet.slot_of = dict(zip(fleet.uuids, range(count), strict=True))
    fleet.slot_of_name = dict(zip(fleet.names, range(count), strict=True))
    fleet.classes = [()] * count
    fleet.nested = Column(np.bool_, np.zeros(count, np.bool_))
    fleet.id, fleet.generation = Column(np.int64, ids), Column(np.int64, generations)
    fleet.created_at, fleet.updated_at = Column(np.int64, created), Column(np.int64, updated)
    fleet.parent = Column(np.int32, np.where(parents == NO_SLOT, NO_SLOT, ids.searchsorted(parents)))
    fleet.root = Column(np.int32, ids.searchsorted(roots))
    fleet.trait_set, fleet.aggregate_set = (Column(np.int32, np.zeros(count, np.int32)) for _ in range(2))
    _load_trees(fleet)


def _load_trees(fleet: Fleet) -> None:
    children = defaultdict[int, list[int]](list)
    members = dict[int, list[int]]()
    for slot in np.flatnonzero(fleet.parent.values != NO_SLOT).tolist():
        children[fleet.parent.item(slot)].append(slot)
        root = fleet.root.item(slot)
        members.setdefault(root, [root]).append(slot)
    fleet.children = {slot: tuple(slots) for slot, slots in children.items()}
    fleet.members = {root: tuple(slots) for root, slots in members.items()}
    fleet.nested.set(np.array(list(members), dtype=np.int64), value=True)


def _load_inventories(fleet: Fleet, chunks: Chunks) -> None:
    tables: list[NDArray[np.int64]] = []
    ratios: list[NDArray[np.float64]] = []
    for chunk in chunks:
        columns = list(zip(*chunk, strict=True))
        ratios.append(np.array(columns.pop(7), dtype=np.float64))
        tables.append(np.array(columns, dtype=np.int64))
    if not tables:
        return
    provider, number, total, reserved, min_unit, max_unit, step, updated = np.concatenate(tables, axis=1)
    ratio = np.concatenate(ratios)
    slots = fleet.id.values.searchsorted(provider)
    capacity = capacities(total - reserved, ratio)
    fields = {
        "slots": slots,
        "total": total,
        "reserved": reserved,
        "min_unit": min_unit,
        "max_unit": max_unit,
        "step_size": step,
        "ratio": ratio,
        "capacity": capacity,
        "used": np.zeros(len(slots), np.int64),
        "updated_at": updated,
    }
    for class_id in _distinct(number):
        rows_of_class = number == class_id
        fleet.add_column(class_id, ClassColumn({name: values[rows_of_class] for name, values in fields.items()}))
    _load_classes(fleet, slots, number)


def capacities(unreserved: NDArray[np.int64], ratio: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return `capacity_of` for whole columns: exactly only where the product of floats is close to a whole number."""
    products = unreserved * ratio
    capacity: NDArray[np.int64] = np.trunc(np.clip(products, -CAPACITY_LIMIT, CAPACITY_LIMIT)).astype(np.int64)
    near = (np.abs(products - np.rint(products)) <= np.abs(products) * NEARLY_WHOLE) & (ratio != np.trunc(ratio))
    rows = np.flatnonzero(near).tolist()
    capacity[rows] = [clipped_capacity(int(unreserved[row]), float(ratio[row])) for row in rows]
    return capacity


def _load_classes(fleet: Fleet, slots: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
    starts = np.flatnonzero(np.diff(slots, prepend=-1)).tolist()
    classes = numbers.tolist()
    for slot, first, last in zip(slots[starts].tolist(), starts, [*starts[1:], len(classes)], strict=True):
        fleet.set_classes(slot, tuple(classes[first:last]))


def _distinct(numbers: NDArray[np.int64]) -> list[int]:
    """Return each number once, in order. np.unique would import masked arrays: a short command has no time for that."""
    ordered = np.sort(numbers)
    distinct: list[int] = ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0].tolist()
    return distinct


def _load_used(fleet: Fleet, rows: NameRows) -> None:
    table = np.array([(provider, number, int(amount)) for provider, number, amount in rows], dtype=np.int64)
    if not len(table):
        return
    provider, number, amount = table.T
    slots = fleet.id.values.searchsorted(provider)
    for class_id in _distinct(number):
        rows_of_class = number == class_id
        column = fleet.own_column(class_id)
        column.set_used(column.slots.values.searchsorted(slots[rows_of_class]), amount[rows_of_class])


def _load_endings(fleet: Fleet, rows: NameRows) -> None:
    amounts = defaultdict[tuple[str, int, bool], list[tuple[SlotClass, int]]](list)
    for consumer, end, deadline, provider, number, amount in rows:
        due = Span(0, end, deadline).due or 0
        slot = int(fleet.id.values.searchsorted(provider))
        amounts[consumer, due, deadline is not None].append(((slot, number), int(amount)))
    for (consumer, due, pending), held in amounts.items():
        fleet.set_ending(consumer, Ending(due, tuple(held), pending))


def _sets(fleet: Fleet, chunks: Chunks) -> Iterator[tuple[int, frozenset[int]]]:
    """Yield each provider's slot with its set of ids, from rows of (provider id, id)."""
    providers = fleet.id.values
    for provider, rows in groupby(chain.from_iterable(chunks), key=itemgetter(0)):
        yield int(providers.searchsorted(provider)), frozenset(row[1] for row in rows)
