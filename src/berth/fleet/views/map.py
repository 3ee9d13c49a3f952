"""A fleet as a map: hosts, or groups of them, each with how much it has and how much of that is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.views.hosts import matching_hosts
from berth.fleet.views.map_groups import AGGREGATE, MOST, OF_NAMES, grouped, steps, zoomed
from berth.model.consumer import Resources
from berth.model.overview import FleetMap, GroupBy, MapCell, MapQuery

FEW = 2000
"""So many hosts are shown one by one."""

WIDESPREAD = 8
"""How many classes are told of, if none is asked for: those that the most providers have."""


def fleet_map(fleet: Fleet, asked: MapQuery) -> FleetMap:
    """What to draw; ClassNotFound, TraitsNotFound, and Invalid for a `within` that is not a group's id."""
    classes = _classes(fleet, asked)
    hosts = zoomed(fleet, np.flatnonzero(matching_hosts(fleet, asked)), asked.within)
    if _one_by_one(asked, len(hosts)):
        drawn, groups_of = _Drawn.hosts(fleet, hosts, FEW if asked.limit is None else asked.limit), ""
    else:
        drawn, groups_of = _Drawn.groups(fleet, hosts, asked)
    return FleetMap(
        head=fleet.head,
        level="groups" if groups_of else "hosts",
        groups_of=groups_of,
        total_hosts=len(hosts),
        cells=_cells(fleet, drawn, classes, asked.mark),
    )


def _classes(fleet: Fleet, asked: MapQuery) -> list[int]:
    if asked.classes:
        return [fleet.catalogue.class_id(name) for name in asked.classes]
    return sorted(sorted(fleet.columns, key=lambda number: (-len(fleet.columns[number]), number))[:WIDESPREAD])


def _one_by_one(asked: MapQuery, hosts: int) -> bool:
    """Whether to show hosts: if that is asked for, or if there are few and the groups asked for are left behind."""
    if asked.by in (GroupBy.AUTO, GroupBy.HOSTS):
        return asked.by is GroupBy.HOSTS or hosts <= FEW
    before = {step for step, _ in steps(asked.within)}
    return hosts <= FEW and not before.isdisjoint((AGGREGATE,) if asked.by is GroupBy.AGGREGATES else OF_NAMES)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What each cell stands for. cell_of: by root slot, the number of its cell, NO_SLOT if it is not drawn."""

    ids: list[str]
    names: list[str]
    cell_of: NDArray[np.int32]

    @classmethod
    def hosts(cls, fleet: Fleet, hosts: NDArray[np.intp], limit: int) -> _Drawn:
        """A cell for each of the first hosts by name."""
        slots = sorted(hosts.tolist(), key=fleet.names.__getitem__)[:limit]
        cell_of = np.full(len(fleet.uuids), NO_SLOT, dtype=np.int32)
        cell_of[slots] = np.arange(len(slots))
        return cls([fleet.uuids[slot] for slot in slots], [fleet.names[slot] for slot in slots], cell_of)

    @classmethod
    def groups(cls, fleet: Fleet, hosts: NDArray[np.intp], asked: MapQuery) -> tuple[_Drawn, str]:
        """A cell for each group, and what they are groups of."""
        groups = grouped(fleet, hosts, asked.by, asked.within)
        limit = MOST if asked.limit is None else min(MOST, asked.limit)
        cell_of = np.full(len(fleet.uuids), NO_SLOT, dtype=np.int32)
        cell_of[hosts] = np.where(groups.member < limit, groups.member, NO_SLOT)
        return cls(groups.ids(asked.within)[:limit], groups.names()[:limit], cell_of), groups.of.value


def _cells(fleet: Fleet, drawn: _Drawn, classes: list[int], mark: tuple[str, ...]) -> list[MapCell]:
    roots = fleet.root.values
    alive = np.flatnonzero(roots != NO_SLOT)
    providers = map(int, _summed(drawn, drawn.cell_of[roots[alive]]))
    hosts = map(int, _summed(drawn, drawn.cell_of))
    marked = map(int, _summed(drawn, drawn.cell_of[_hosts_of(fleet, mark)]))
    used: list[Resources] = [{} for _ in drawn.ids]
    capacity: list[Resources] = [{} for _ in drawn.ids]
    for number in classes:
        _add_class(fleet, drawn, number, used, capacity)
    return list(map(MapCell, drawn.ids, drawn.names, hosts, providers, used, capacity, marked))


def _hosts_of(fleet: Fleet, uuids: tuple[str, ...]) -> NDArray[np.intp]:
    """The slots of the hosts that these providers are in, each once; those that are gone are in none."""
    slots = [fleet.slot_of[uuid] for uuid in uuids if uuid in fleet.slot_of]
    return np.unique(fleet.root.values[slots]).astype(np.intp)


def _add_class(fleet: Fleet, drawn: _Drawn, number: int, used: list[Resources], capacity: list[Resources]) -> None:
    """What each cell has of one class, if anything."""
    column = fleet.columns.get(number)
    if column is None:
        return
    name = fleet.catalogue.name_of(number)
    cells = drawn.cell_of[fleet.root.values[column.slots.values]]
    having = np.flatnonzero(_summed(drawn, cells)).tolist()
    held = _summed(drawn, cells, column.used.values).tolist()
    in_all = _summed(drawn, cells, np.maximum(column.capacity.values, 0)).tolist()
    for cell in having:
        used[cell][name] = int(held[cell])
        capacity[cell][name] = int(in_all[cell])


def _summed(drawn: _Drawn, cells: NDArray[np.int32], amounts: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """By cell: how many there are, or the sum of these amounts (exact up to 2**53)."""
    shown = cells != NO_SLOT
    weights = None if amounts is None else amounts[shown]
    return np.bincount(cells[shown], weights, minlength=len(drawn.ids)).astype(np.float64)
