"""Strategies for worlds: small forests in which nesting, sharing, shortage and over-commitment are common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from berth.model import commands
from berth.model.commands import Claim, Command
from berth.model.drain import Drain
from berth.model.inventory import MAX_INT, Inventory
from berth.model.names import SHARES_VIA_AGGREGATE
from tests.suites.properties.name_pools import (
    AGGREGATES,
    CLASSES,
    CONSUMERS,
    LARGE_INVENTORY,
    PROJECTS,
    PROVIDERS,
    TRAITS,
    USERS,
)
from tests.support.oracle.world import Consumer, Provider, World

Value = TypeVar("Value")


def chance(percent: int) -> st.SearchStrategy[bool]:
    """Return True in this percentage of draws; shrinks to False."""
    return st.integers(0, 99).map(lambda number: number >= 100 - percent)


def some(values: Sequence[Value], least: int = 0, most: int | None = None) -> st.SearchStrategy[list[Value]]:
    """A few different values, in any order."""
    top = len(values) if most is None else min(most, len(values))
    return (
        st.lists(st.sampled_from(values), min_size=min(least, top), max_size=top, unique=True)
        if values
        else st.just([])
    )


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    """Often just enough for two or three claims."""
    total = draw(st.integers(1, 8))
    if draw(chance(65)):
        return Inventory(total)
    step = draw(st.sampled_from((1, 1, 1, 2)))
    return Inventory(
        total,
        reserved=draw(st.integers(0, total // 3)),
        min_unit=step,
        max_unit=draw(st.sampled_from((MAX_INT, total, 3))),
        step_size=step,
        allocation_ratio=draw(st.sampled_from((1.0, 2.0, 1.5, 0.5))),
    )


@st.composite
def worlds(draw: st.DrawFn, most: int = 8) -> World:
    """A forest of up to ``most`` providers, and up to three consumers."""
    world = World()
    for uuid in PROVIDERS[: draw(st.integers(2, most))]:
        world.providers[uuid] = draw(providers(world, uuid))
    for uuid in CONSUMERS[: draw(st.integers(0, 3))]:
        held = draw(holdings(world))
        if held:
            world.consumers[uuid] = Consumer(PROJECTS[0], USERS[0], None, 1, held)
    return world


@st.composite
def drained_worlds(draw: st.DrawFn, most: int = 8) -> World:
    """The same, now and then with providers that take no new claims."""
    world = draw(worlds(most))
    if draw(chance(40)):
        world.drained |= set(draw(some(tuple(world.providers), 1, 2)))
    return world


@st.composite
def providers(draw: st.DrawFn, world: World, uuid: str) -> Provider:
    """One more provider: one in three stands alone, one in three shares."""
    above = draw(st.sampled_from((None, None, *world.providers, *world.providers)))
    shares = draw(chance(45 if above is None else 25))
    names = draw(some(CLASSES, 0 if above is None and not shares else 1, 3))
    traits = set(draw(some(TRAITS, 0, 2)))
    joins = draw(some(AGGREGATES, 1 if shares else 0, 2)) if shares or draw(chance(70)) else []
    return Provider(
        f"provider-{uuid[:8]}",
        above,
        inventories={name: draw(inventories()) for name in names},
        traits=traits | ({SHARES_VIA_AGGREGATE} if shares else set()),
        aggregates=set(joins),
    )


@st.composite
def holdings(draw: st.DrawFn, world: World) -> dict[str, dict[str, int]]:
    """What a consumer holds of one or two providers; now and then more than there is."""
    stocked = [uuid for uuid, provider in world.providers.items() if provider.inventories]
    held = {}
    for uuid in draw(some(stocked, 1, 2)):
        name = draw(st.sampled_from(sorted(world.providers[uuid].inventories)))
        left = world.providers[uuid].inventories[name].capacity - world.used(uuid, name)
        amount = draw(st.integers(0, max(0, left // 2 + 1))) + (2 * draw(chance(20)))
        if amount:
            held[uuid] = {name: amount}
    return held


def commands_for(world: World) -> Iterator[Command]:
    """Yield the commands that build this world. Inventories are large until all is claimed, because some consumers hold
    more than the capacity.
    """
    for uuid, provider in world.providers.items():
        yield commands.CreateProvider(uuid=uuid, name=provider.name, parent=provider.parent)
        if provider.traits:
            yield commands.SetTraits(uuid=uuid, traits=frozenset(provider.traits))
        if provider.aggregates:
            yield commands.SetAggregates(uuid=uuid, aggregates=tuple(sorted(provider.aggregates)))
        if provider.inventories:
            yield commands.SetInventories(uuid=uuid, inventories=dict.fromkeys(provider.inventories, LARGE_INVENTORY))
    claims = tuple(claim(uuid, consumer) for uuid, consumer in world.consumers.items())
    if claims:
        yield commands.SetAllocations(claims=claims)
    for uuid, provider in world.providers.items():
        if provider.inventories:
            yield commands.SetInventories(uuid=uuid, inventories=provider.inventories)
    if world.drained:
        yield Drain(providers=tuple(sorted(world.drained)))


def claim(uuid: str, consumer: Consumer) -> Claim:
    """The claim of what a consumer holds."""
    return Claim(consumer=uuid, allocations=consumer.held, project=consumer.project, user=consumer.user)
