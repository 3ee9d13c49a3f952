"""A fleet built from rows: the same as one that has followed the log."""

from __future__ import annotations

import gc
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from berth.fleet.state.build import FleetRows, build, capacities
from berth.fleet.state.columns import clipped_capacity
from berth.fleet.views.providers import snapshot
from berth.model.inventory import Inventory
from tests.support.fleets import ProviderSpec, catalogue_of, facts_of, provider, sharing, small_fleet

SPECS = (
    sharing("pool", "rack", DISK_GB=Inventory(1000, 10, 5, 500, 5, 1.5)),
    provider("host", VCPU=4, MEMORY_MB=64, used={"VCPU": 3}, aggregates=["rack"], traits=["CUSTOM_A"]),
    provider("numa", "host", VCPU=8, used={"VCPU": 1}),
    provider("gpu", "numa", VGPU=2, traits=["CUSTOM_A", "CUSTOM_B"]),
    provider("bare"),
)


def rows_of(specs: Sequence[ProviderSpec], chunk: int) -> FleetRows:
    """The rows that a database would give for these providers, in chunks of so many rows."""
    facts = facts_of(specs)
    number = {named.name: named.id for named in facts.names}
    ids = {fact.uuid: fact.id for fact in facts.providers}

    def chunks(rows: list[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
        return [rows[first : first + chunk] for first in range(0, len(rows), chunk)]

    return FleetRows(
        names=catalogue_of(specs),
        providers=chunks(
            [(f.id, f.uuid, f.name, 0, f.parent and ids[f.parent], ids[f.root], 0, 0) for f in facts.providers]
        ),
        inventories=chunks(
            [
                (ids[s.uuid], number[name], *(getattr(each, field) for field in each.__struct_fields__), 0)
                for s in specs
                for name, each in sorted(s.inventories.items(), key=lambda item: number[item[0]])
            ]
        ),
        traits=chunks([(ids[s.uuid], number[name]) for s in specs for name in s.traits]),
        aggregates=chunks([(ids[s.uuid], number[name]) for s in specs for name in s.aggregates]),
        used=[(ids[s.uuid], number[name], amount) for s in reversed(specs) for name, amount in s.used.items()],
        head=1,
    )


def test_a_class_may_have_any_number() -> None:
    rows = rows_of(SPECS, 100)
    late = {entry.id: 10**15 + entry.id for entry in rows.names}  # after as many claims: all ids are of one sequence
    named = [msgspec.structs.replace(entry, id=late[entry.id]) for entry in rows.names]
    stock = [[(provider, late[number], *rest) for provider, number, *rest in chunk] for chunk in rows.inventories]
    used = [(provider, late[number], amount) for provider, number, amount in rows.used]
    fleet = build(replace(rows, names=named, inventories=stock, used=used, traits=(), aggregates=()))
    assert {name for slot in fleet.slot_of.values() for name in map(fleet.catalogue.name_of, fleet.classes[slot])} == {
        "DISK_GB",
        "VCPU",
        "MEMORY_MB",
        "VGPU",
    }


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_built_from_rows_it_is_the_same_as_from_changes(chunk: int) -> None:
    assert snapshot(build(rows_of(SPECS, chunk))) == snapshot(small_fleet(*SPECS))


def test_gaps_between_ids_do_not_matter() -> None:
    source = rows_of([provider("a", VCPU=1), provider("b", VCPU=2), provider("c", "b", VCPU=3)], 100)
    rows = [row for chunk in source.providers for row in chunk if row[1] != provider("a").uuid]
    stock = [row for chunk in source.inventories for row in chunk if row[0] != 1000]
    fleet = build(FleetRows(source.names, [rows], [stock], [], [], [], 5))
    assert (fleet.names, fleet.members, fleet.children, fleet.head) == (["b", "c"], {0: (0, 1)}, {0: (1,)}, 5)
    assert fleet.columns[1].total.values.tolist() == [2, 3]


def test_no_rows_make_an_empty_fleet() -> None:
    fleet = build(FleetRows([], [], [], [], [], [], 0))
    assert (len(fleet), fleet.columns, fleet.head) == (0, {}, 0)


def test_the_garbage_collector_runs_again_afterwards() -> None:
    assert gc.isenabled()
    build(rows_of(SPECS, 100))
    assert gc.isenabled()


def test_capacities_of_a_column_are_those_of_its_rows() -> None:
    chance = random.Random(4711)
    rows = [(chance.randrange(2**31), round(chance.uniform(0, 40), chance.randrange(4))) for _ in range(2_000)]
    rows += [(100, 1.15), (200, 1.15), (1000, 2.01), (2**31 - 1, 3.40282e38), (2**31 - 1, 5e-324), (0, 1.5)]
    unreserved, ratio = (np.array(column) for column in zip(*rows, strict=True))
    assert capacities(unreserved, ratio).tolist() == [clipped_capacity(*row) for row in rows]
