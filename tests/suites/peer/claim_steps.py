"""Well-formed requests that claim and release: allocations in each version's form, usages, reshapes."""

from __future__ import annotations

import json
from typing import Any

from tests.suites.peer.fleet_steps import generation, inventory
from tests.suites.peer.steps import Step, consumer_generation
from tests.suites.peer.wire import Answer
from tests.suites.peer.world import Consumer, World

Held = dict[str, dict[str, int]]


def wanted(world: World) -> Held:
    """What a consumer asks for: ``{provider: {class: amount}}``, usually something that fits."""
    if world.offers and world.chance(0.45):
        offer = world.pick(world.offers)["allocations"]
        return {uuid: dict(entry["resources"]) for uuid, entry in offer.items()}
    stocked = [uuid for uuid, provider in world.providers.items() if provider.inventories]
    uuids = world.some(stocked, 2) if stocked and not world.chance(0.04) else [world.provider()]
    return {uuid: _amounts(world, uuid) for uuid in uuids}


def _amounts(world: World, uuid: str) -> dict[str, int]:
    inventories = world.providers[uuid].inventories if uuid in world.providers else {}
    names = world.some(inventories, 2) if inventories and not world.chance(0.04) else [world.resource_class()]
    return {name: _amount(world, inventories.get(name, {})) for name in names}


def _amount(world: World, record: dict[str, Any]) -> int:
    """A multiple of the step that is usually within the limits."""
    step = int(record.get("step_size", 1))
    small = max(step, int(record.get("min_unit", 1)))
    return world.mostly(small + (-small) % step, small + step, 1, 2, int(record.get("total", 1)), share=0.3)


def claim(world: World, version: int, consumer: str, held: Held, needs_dict: bool = False) -> dict[str, Any]:
    """The body for one consumer, in the form of a version; ``needs_dict`` for POST, which never had the list form."""
    entries: Any = {uuid: {"resources": amounts} for uuid, amounts in held.items()}
    if version < 12 and not needs_dict:
        entries = [{"resource_provider": {"uuid": uuid}, "resources": amounts} for uuid, amounts in held.items()]
    elif world.chance(0.1):
        for entry in entries.values():
            entry["generation"] = world.pick([0, 1, 5])
    body: dict[str, Any] = {"allocations": entries}
    if version >= 8 or needs_dict:
        body["project_id"], body["user_id"] = world.pick(world.projects), world.pick(world.users)
    if version >= 28:
        body["consumer_generation"] = consumer_generation(consumer, world.mostly(0, -1, 1, share=0.05))
    if version >= 34 and held and world.chance(0.3):
        body["mappings"] = {world.pick(["", "1", "_GPU", "a-b"]): list(held)}
    if version >= 38:
        body["consumer_type"] = world.mostly(world.pick(world.types[:3]), *world.types[3:], share=0.03)
    return body


def _learn(world: World, consumer: str, held: Held) -> None:
    if held:
        world.consumers[consumer] = Consumer(consumer, held)
    else:
        world.consumers.pop(consumer, None)


def put_allocations(world: World) -> Step:
    version, consumer = world.version(), world.consumer()
    held = wanted(world)
    if version >= 28 and consumer in world.consumers and world.chance(0.12):
        held = {}
    body = claim(world, version, consumer, held)

    def learn(_: Answer) -> None:
        _learn(world, consumer, held)

    return world.step("PUT", f"/allocations/{consumer}", version, body, learn=learn)


def post_allocations(world: World) -> Step:
    """Several consumers at once: claims, releases, and moves from one to another."""
    version = world.version(13)
    claims = {
        consumer: wanted(world) for consumer in dict.fromkeys(world.consumer() for _ in range(world.dice.randint(1, 3)))
    }
    for consumer in claims:
        if consumer in world.consumers and world.chance(0.3):
            claims[consumer] = {}
    idle = [uuid for uuid in world.consumer_uuids if uuid not in world.consumers]
    if world.consumers and idle and world.chance(0.2):
        giver = world.pick(list(world.consumers))
        claims = {giver: {}, world.pick(idle): world.consumers[giver].allocations}
    body = {consumer: claim(world, version, consumer, held, True) for consumer, held in sorted(claims.items())}

    def learn(_: Answer) -> None:
        for consumer, held in claims.items():
            _learn(world, consumer, held)

    return world.step("POST", "/allocations", version, body, learn=learn)


def delete_allocations(world: World) -> Step:
    consumer = world.consumer()

    def learn(_: Answer) -> None:
        world.consumers.pop(consumer, None)

    return world.step("DELETE", f"/allocations/{consumer}", world.version(), learn=learn)


def get_allocations(world: World) -> Step:
    consumer = world.mostly(world.consumer(), world.unknown_uuid, "nobody", share=0.05)
    return world.step("GET", f"/allocations/{consumer}", world.version())


def get_usages(world: World) -> Step:
    version = world.version(9)
    query = [("project_id", world.mostly(world.pick(world.projects), "nobody"))]
    if world.chance(0.4):
        query.append(("user_id", world.mostly(world.pick(world.users), "nobody")))
    if version >= 38 and world.chance(0.7):
        query.append(("consumer_type", world.pick([*world.types, "all", "unknown", "NOT_USED"])))
    return world.step("GET", "/usages", version, query=query)


def reshape(world: World) -> Step:
    """Move inventory of a provider, with what is held of it, to another one; sometimes only half of the move."""
    version = world.version(30)
    source, target = world.provider(), world.provider()
    inventories, moved = _moved_inventories(world, source, target)
    claims: dict[str, Held] = {}
    for consumer in world.consumers.values():
        if source in consumer.allocations and not world.chance(0.1):
            claims[consumer.uuid] = _moved_claim(consumer.allocations, source, target, moved)
    if world.chance(0.2):
        claims[world.consumer()] = wanted(world)
    body = {
        "inventories": {
            uuid: {"resource_provider_generation": generation(world, uuid), "inventories": records}
            for uuid, records in inventories.items()
        },
        "allocations": {uuid: claim(world, version, uuid, held, True) for uuid, held in claims.items()},
    }

    def learn(_: Answer) -> None:
        for uuid, records in inventories.items():
            if uuid in world.providers:
                world.providers[uuid].inventories = records
        for uuid, held in claims.items():
            _learn(world, uuid, held)

    return world.step("POST", "/reshaper", version, body, learn=learn)


def _moved_inventories(world: World, source: str, target: str) -> tuple[dict[str, Any], list[str]]:
    """The inventories after the move, by provider, and the classes that move."""
    have = {
        uuid: dict(world.providers[uuid].inventories) if uuid in world.providers else {} for uuid in (source, target)
    }
    moved = world.some(have[source], 2)
    for name in moved:
        have[target][name] = have[source].pop(name) if source != target else have[source][name]
    if world.chance(0.2):
        have[target][world.resource_class()] = inventory(world)
    return have, moved


def _moved_claim(held: Held, source: str, target: str, moved: list[str]) -> Held:
    after: Held = json.loads(json.dumps(held))
    for name in moved:
        if name in after.get(source, {}) and source != target:
            after.setdefault(target, {})[name] = after[source].pop(name)
    return {uuid: amounts for uuid, amounts in after.items() if amounts}
