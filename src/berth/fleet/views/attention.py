"""What in a fleet needs a person, and how many hosts have how much free: computed column by column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.columns import ClassColumn
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.summaries import Attention, FreeBin, FreeHosts, HostName, OverCapacity


def attention(fleet: Fleet, limit: int) -> Attention:
    """Return what needs a person, up to a limit of each kind."""
    over = sorted(_over_capacity(fleet), key=lambda each: (-each[0], each[1]))
    reserved = sorted(_reserved_hosts(fleet).tolist(), key=fleet.names.__getitem__)
    return Attention(
        over=[_named(fleet, slot, number) for _, slot, number in over[:limit]],
        over_count=len(over),
        reserved=[HostName(fleet.uuids[slot], fleet.names[slot]) for slot in reserved[:limit]],
        reserved_count=len(reserved),
    )


def free_hosts(fleet: Fleet, resource_class: str) -> FreeHosts:
    """Return how many hosts have how much of a class free. Raises ClassNotFound."""
    column = fleet.columns.get(fleet.catalogue.class_id(resource_class))
    if column is None or not len(column):
        return FreeHosts(resource_class, 0, [])
    free = np.maximum(column.capacity.values - column.used.values, 0)
    hosts, place = np.unique(fleet.root.values[column.slots.values], return_inverse=True)
    by_host = np.bincount(place, free.astype(np.float64), minlength=len(hosts))
    power = np.where(by_host >= 1, np.floor(np.log2(np.maximum(by_host, 1))), -1).astype(np.int64)
    found = zip(*np.unique(power, return_counts=True), strict=True)
    bins = {1 << int(each) if each >= 0 else 0: int(count) for each, count in found}
    return FreeHosts(resource_class, len(hosts), [FreeBin(least, bins[least]) for least in sorted(bins, reverse=True)])


def _over_capacity(fleet: Fleet) -> Iterator[tuple[float, int, int]]:
    """Yield (used / capacity, slot, class) of inventories that are over capacity.

    What is reserved as a whole is left out: claims that it had before go on.
    """
    for number, column in fleet.columns.items():
        over = (column.used.values > np.maximum(column.capacity.values, 0)) & ~_is_reserved(column)
        for row in np.flatnonzero(over).tolist():
            capacity = max(1, int(column.capacity.values[row]))
            yield int(column.used.values[row]) / capacity, int(column.slots.values[row]), number


def _is_reserved(column: ClassColumn) -> NDArray[np.bool_]:
    """Return for each row whether all that there is of it is reserved."""
    reserved: NDArray[np.bool_] = (column.total.values > 0) & (column.reserved.values >= column.total.values)
    return reserved


def _reserved_hosts(fleet: Fleet) -> NDArray[np.intp]:
    """Return the slots of the hosts of which every inventory is reserved."""
    state = np.zeros(len(fleet.uuids), dtype=np.int8)  # 1: something is reserved, 2: something is not
    for column in fleet.columns.values():
        hosts = fleet.root.values[column.slots.values]
        for bit, rows in ((1, _is_reserved(column)), (2, ~_is_reserved(column))):
            state[hosts[rows & (hosts != NO_SLOT)]] |= bit
    return np.flatnonzero(state == 1)


def _named(fleet: Fleet, slot: int, number: int) -> OverCapacity:
    column, host = fleet.columns[number], int(fleet.root.values[slot])
    row = column.row(slot)
    return OverCapacity(
        provider=fleet.uuids[slot],
        name=fleet.names[slot],
        host=fleet.uuids[host],
        host_name=fleet.names[host],
        resource_class=fleet.catalogue.name_of(number),
        used=int(column.used.values[row]),
        capacity=max(0, int(column.capacity.values[row])),
    )
