"""The fleet in a few numbers, and how many providers have each name: computed column by column."""

from __future__ import annotations

import numpy as np

from berth.fleet.state.columns import ClassColumn, Column, Mask
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.state.set_table import SetTable
from berth.fleet.views.holds import pending_by_class
from berth.model.change import NameKind
from berth.model.overview import ClassOverview, NameInUse, Overview


def overview(fleet: Fleet) -> Overview:
    """Return the sums over all providers, by class in the order of the classes' numbers."""
    pending, parents = pending_by_class(fleet), fleet.parent.values
    drained = fleet.drains.mask(parents) if fleet.drains.by_slot else None
    return Overview(
        head=fleet.head,
        providers=len(fleet),
        roots=int(np.count_nonzero(fleet.root.values == np.arange(len(fleet.uuids)))),
        classes=[
            _class(fleet.catalogue.name_of(number), column, pending.get(number, 0), drained)
            for number, column in sorted(fleet.columns.items())
            if len(column)
        ],
        traits=len(_providers_by_id(fleet, fleet.trait_set, fleet.trait_sets)),
        aggregates=len(_providers_by_id(fleet, fleet.aggregate_set, fleet.aggregate_sets)),
        drained=sum(fleet.drains.nearest(int(parents[slot]), parents) is None for slot in fleet.drains.by_slot),
    )


def names_in_use(fleet: Fleet, kind: NameKind) -> list[NameInUse]:
    """Return every name of a kind with how many providers have it, oldest first.

    An aggregate that has neither a provider nor a name is left out.
    """
    if kind is NameKind.CLASS:
        count = {number: len(column) for number, column in fleet.columns.items()}
    elif kind is NameKind.TRAIT:
        count = _providers_by_id(fleet, fleet.trait_set, fleet.trait_sets)
    else:
        count = _providers_by_id(fleet, fleet.aggregate_set, fleet.aggregate_sets)
    every = [NameInUse(named.name, count.get(named.id, 0)) for named in fleet.catalogue.all(kind)]
    if kind is not NameKind.AGGREGATE:
        return every
    named_by_people = fleet.catalogue.aggregate_names
    return [each for each in every if each.providers or each.name in named_by_people.uuids]


def _class(name: str, column: ClassColumn, pending: int, drained: Mask | None) -> ClassOverview:
    free, withheld = column.capacity.values - column.used.values, 0
    if drained is not None:
        of_class = drained[column.slots.values]
        withheld = int(np.maximum(free, 0)[of_class].sum(dtype=np.float64))
        free = np.where(of_class, 0, free)
    return ClassOverview(
        name=name,
        providers=len(column),
        total=int(column.total.values.sum(dtype=np.int64)),
        reserved=int(column.reserved.values.sum(dtype=np.int64)),
        capacity=int(np.maximum(column.capacity.values, 0).sum(dtype=np.float64)),
        used=int(column.used.values.sum()),
        largest_free=max(0, int(free.max())),
        pending=pending,
        drained=withheld,
    )


def _providers_by_id(fleet: Fleet, column: Column, table: SetTable) -> dict[int, int]:
    """Return how many providers have each id in their sets: counted per set, then per id."""
    alive = fleet.root.values != NO_SLOT
    by_set = np.bincount(column.values[alive], minlength=len(table.sets))
    providers: dict[int, int] = {}
    for number in np.flatnonzero(by_set).tolist():
        for member in table.sets[number]:
            providers[member] = providers.get(member, 0) + int(by_set[number])
    return providers
