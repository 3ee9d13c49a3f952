"""A map of the fleet: hosts, or groups of hosts, each with its capacity and usage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from berth.fleet.checked import Check, unchecked
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.views.hosts import matching_hosts
from berth.fleet.views.map_groups import AGGREGATE, MAX_GROUPS, NAME_STEPS, group_hosts, hosts_within, rack_names, steps
from berth.model.consumer import Resources
from berth.model.overview import FleetMap, GroupBy, MapCell, MapQuery

MAX_HOSTS = 2000
"""Hosts that are shown one by one at most; more are shown in groups."""

DEFAULT_CLASSES = 8
"""Classes that are shown if the query names none: those that most providers have."""


def fleet_map(fleet: Fleet, query: MapQuery, check: Check = unchecked) -> FleetMap:
    """Return the cells to draw; raises ClassNotFound, TraitsNotFound, and Invalid for an unknown `within`.

    check: called now and then.
    """
    classes = _classes(fleet, query)
    hosts = hosts_within(fleet, np.flatnonzero(matching_hosts(fleet, query)), query.within)
    if _show_hosts(query, len(hosts)):
        layout, groups_of = _Layout.hosts(fleet, hosts, MAX_HOSTS if query.limit is None else query.limit), ""
    else:
        layout, groups_of = _Layout.groups(fleet, hosts, query, check)
    return FleetMap(
        head=fleet.head,
        level="groups" if groups_of else "hosts",
        groups_of=groups_of,
        total_hosts=len(hosts),
        cells=_cells(fleet, layout, classes, query.mark),
    )


def _classes(fleet: Fleet, query: MapQuery) -> list[int]:
    if query.classes:
        return [fleet.catalogue.class_id(name) for name in query.classes]
    return sorted(sorted(fleet.columns, key=lambda number: (-len(fleet.columns[number]), number))[:DEFAULT_CLASSES])


def _show_hosts(query: MapQuery, hosts: int) -> bool:
    """Whether to show hosts: if requested, or if there are few and `within` has a step of the requested kind."""
    if query.by in (GroupBy.AUTO, GroupBy.HOSTS):
        return query.by is GroupBy.HOSTS or hosts <= MAX_HOSTS
    previous_kinds = {step for step, _ in steps(query.within)}
    return hosts <= MAX_HOSTS and not previous_kinds.isdisjoint(
        (AGGREGATE,) if query.by is GroupBy.AGGREGATES else NAME_STEPS
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """The cells of a map. cell_of: by root slot, the number of its cell, NO_SLOT if it is not drawn; racks: by cell."""

    ids: list[str]
    names: list[str]
    cell_of: NDArray[np.int32]
    racks: list[str]

    @classmethod
    def hosts(cls, fleet: Fleet, hosts: NDArray[np.intp], limit: int) -> _Layout:
        """Return a cell for each of the first hosts by name."""
        slots = sorted(hosts.tolist(), key=fleet.names.__getitem__)[:limit]
        cell_of = np.full(len(fleet.uuids), NO_SLOT, dtype=np.int32)
        cell_of[slots] = np.arange(len(slots))
        uuids, names = [fleet.uuids[slot] for slot in slots], [fleet.names[slot] for slot in slots]
        return cls(uuids, names, cell_of, rack_names(fleet, slots))

    @classmethod
    def groups(cls, fleet: Fleet, hosts: NDArray[np.intp], query: MapQuery, check: Check) -> tuple[_Layout, str]:
        """Return a cell for each group, and what the groups are made by."""
        groups = group_hosts(fleet, hosts, query.by, query.within, check)
        limit = MAX_GROUPS if query.limit is None else min(MAX_GROUPS, query.limit)
        cell_of = np.full(len(fleet.uuids), NO_SLOT, dtype=np.int32)
        cell_of[hosts] = np.where(groups.member < limit, groups.member, NO_SLOT)
        names = groups.names()[:limit]
        return cls(groups.ids(query.within)[:limit], names, cell_of, [""] * len(names)), groups.by.value


def _cells(fleet: Fleet, layout: _Layout, classes: list[int], mark: tuple[str, ...]) -> list[MapCell]:
    roots = fleet.root.values
    alive = np.flatnonzero(roots != NO_SLOT)
    providers = map(int, _sum_by_cell(layout, layout.cell_of[roots[alive]]))
    hosts = map(int, _sum_by_cell(layout, layout.cell_of))
    marked = map(int, _sum_by_cell(layout, layout.cell_of[_hosts_of(fleet, mark)]))
    used: list[Resources] = [{} for _ in layout.ids]
    capacity: list[Resources] = [{} for _ in layout.ids]
    for number in classes:
        _add_class(fleet, layout, number, used, capacity)
    pending = _pending(fleet, layout, classes)
    return list(map(MapCell, layout.ids, layout.names, hosts, providers, used, capacity, marked, pending, layout.racks))


def _pending(fleet: Fleet, layout: _Layout, classes: list[int]) -> list[Resources]:
    """Return what is pending in each cell, by class."""
    pending: list[Resources] = [{} for _ in layout.ids]
    for (slot, number), amount in fleet.lapses.pending.items():
        cell = int(layout.cell_of[fleet.root.values[slot]])
        if cell != NO_SLOT and number in classes:
            name = fleet.catalogue.name_of(number)
            pending[cell][name] = pending[cell].get(name, 0) + amount
    return pending


def _hosts_of(fleet: Fleet, uuids: tuple[str, ...]) -> NDArray[np.intp]:
    """Return the distinct slots of the hosts of these providers; deleted providers are skipped."""
    hosts = {int(fleet.root.values[fleet.slot_of[uuid]]) for uuid in uuids if uuid in fleet.slot_of}
    return np.array(sorted(hosts), dtype=np.intp)


def _add_class(fleet: Fleet, layout: _Layout, number: int, used: list[Resources], capacity: list[Resources]) -> None:
    """Add usage and capacity of one class to each cell that has it."""
    column = fleet.columns.get(number)
    if column is None:
        return
    name = fleet.catalogue.name_of(number)
    cells = layout.cell_of[fleet.root.values[column.slots.values]]
    cells_with_class = np.flatnonzero(_sum_by_cell(layout, cells)).tolist()
    used_sums = _sum_by_cell(layout, cells, column.used.values).tolist()
    capacity_sums = _sum_by_cell(layout, cells, np.maximum(column.capacity.values, 0)).tolist()
    for cell in cells_with_class:
        used[cell][name] = int(used_sums[cell])
        capacity[cell][name] = int(capacity_sums[cell])


def _sum_by_cell(
    layout: _Layout, cells: NDArray[np.int32], amounts: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Return, by cell, the number of entries, or the sum of these amounts (exact up to 2**53)."""
    visible = cells != NO_SLOT
    weights = None if amounts is None else amounts[visible]
    return np.bincount(cells[visible], weights, minlength=len(layout.ids)).astype(np.float64)
