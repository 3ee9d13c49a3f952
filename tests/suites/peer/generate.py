"""The steps of an episode, one after the other: a prologue that fills the universe, then random steps, and sometimes
an end among known faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.suites.peer import claim_steps, fleet_steps, hostile_steps, query_steps
from tests.suites.peer.spoil import SPOILERS
from tests.suites.peer.spoil_body import spoil_body
from tests.suites.peer.steps import Step
from tests.suites.peer.world import World

# (weight, what makes the step)
OPERATIONS: tuple[tuple[int, Callable[[World], Step]], ...] = (
    (5, fleet_steps.create_provider),
    (5, fleet_steps.update_provider),
    (2, fleet_steps.delete_provider),
    (2, fleet_steps.get_provider),
    (6, fleet_steps.get_entry),
    (8, fleet_steps.put_inventories),
    (4, fleet_steps.post_inventory),
    (6, fleet_steps.one_inventory),
    (1, fleet_steps.delete_inventories),
    (5, fleet_steps.put_provider_traits),
    (1, fleet_steps.delete_provider_traits),
    (5, fleet_steps.put_aggregates),
    (4, fleet_steps.one_trait),
    (5, fleet_steps.one_class),
    (1, fleet_steps.list_classes),
    (12, claim_steps.put_allocations),
    (8, claim_steps.post_allocations),
    (3, claim_steps.delete_allocations),
    (4, claim_steps.get_allocations),
    (5, claim_steps.get_usages),
    (5, claim_steps.reshape),
    (1, query_steps.root),
    (3, query_steps.list_traits),
    (10, query_steps.list_providers),
    (28, query_steps.candidates),
)
WHEN_FINDING = 150
"""The weight of queries for candidates in an episode that is about them."""
SPOILT_SHARE = 0.22


def episode(world: World, length: int) -> Iterator[Step]:
    """``length`` steps; each is made when it is asked for, after the answer to the one before was learnt."""
    made = 0
    for step in prologue(world):
        made += 1
        yield step
    makers, weights = [make for _, make in OPERATIONS], [weight for weight, _ in OPERATIONS]
    if world.finding:
        weights[makers.index(query_steps.candidates)] = WHEN_FINDING
    end = length - world.mostly(0, 2, 4, share=0.5)
    for _ in range(made, end):
        (make,) = world.dice.choices(makers, weights)
        step = make(world)
        yield spoilt(world, step) if world.chance(SPOILT_SHARE) else step
    for _ in range(end, length):
        yield world.pick(hostile_steps.HOSTILE)(world)


def prologue(world: World) -> Iterator[Step]:
    """A few trees with inventories, and now and then a sharing provider."""
    for name in world.custom_classes:
        if name in world.main_classes or world.chance(0.2):
            yield fleet_steps.one_class(world, name)
    for name in world.custom_traits:
        if name in world.main_traits or world.chance(0.2):
            yield fleet_steps.one_trait(world, name)
    flat, sharing = world.chance(0.25), world.chance(0.5)
    for _ in range(world.dice.randint(4 if world.finding else 2, 7)):
        parents = list(world.providers)
        nested = parents and not flat and world.chance(0.6)
        yield fleet_steps.create_provider(world, world.pick(parents) if nested else None)
    for uuid in list(world.providers):
        yield fleet_steps.put_inventories(world, uuid)
        if world.chance(0.5):
            yield fleet_steps.put_provider_traits(world, uuid, 0.5 if sharing else 0.0)
        if world.chance(0.6):
            yield fleet_steps.put_aggregates(world, uuid)


def spoilt(world: World, step: Step) -> Step:
    """The same step with something wrong about its request, usually."""
    if step.request.body is not None and world.chance(0.6):
        return step.spoilt(spoil_body(world, step.request))
    (spoiler,) = world.dice.choices([spoil for _, spoil in SPOILERS], [weight for weight, _ in SPOILERS])
    return step.spoilt(spoiler(world, step.request))
