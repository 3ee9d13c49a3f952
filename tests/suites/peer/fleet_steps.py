"""Well-formed requests about providers and what they have: trees, inventories, traits, aggregates, classes."""

from __future__ import annotations

from typing import Any

from tests.suites.peer.steps import Step, provider_generation
from tests.suites.peer.wire import Answer
from tests.suites.peer.world import SHARES, Provider, World

ENTRIES = ("inventories", "usages", "aggregates", "traits", "allocations")
TOTALS = (1, 2, 4, 4, 8, 8, 8, 10, 16, 16, 100, 2147483647)
RATIOS = (1.0, 1.0, 2.0, 0.5, 1.5, 16.0, 0.3, 1)


def generation(world: World, uuid: str) -> str:
    """The right generation, sometimes one that is stale or of the future."""
    return provider_generation(uuid, world.mostly(0, -1, 1, share=0.04))


# Providers


def create_provider(world: World, parent: str | None = None) -> Step:
    version = world.version(14 if parent else 0)
    uuid = world.new_provider()
    name = world.mostly(f"{world.tag}-host-{world.provider_uuids.index(uuid)}", f"{world.tag} ü/%", "x", share=0.05)
    body: dict[str, Any] = {"name": name, "uuid": uuid}
    if parent is None and version >= 14 and world.chance(0.5):
        parent = world.mostly(world.provider(), uuid, world.unknown_uuid)
        body["parent_provider_uuid"] = world.mostly(parent, None, share=0.3)
    elif parent is not None:
        body["parent_provider_uuid"] = parent
    if world.chance(0.02):
        del body["uuid"]
        return world.step("POST", "/resource_providers", version, body)

    def learn(_: Answer) -> None:
        world.providers[uuid] = Provider(uuid, name, body.get("parent_provider_uuid"))

    return world.step("POST", "/resource_providers", version, body, learn=learn)


def update_provider(world: World) -> Step:
    """Rename, re-parent, un-parent; loops are asked for as well."""
    uuid, version = world.provider(), world.version()
    known = world.providers.get(uuid, Provider(uuid, "nobody"))
    other = world.provider_uuids.index(uuid) if uuid in world.provider_uuids else 0
    name = world.pick([known.name, f"{world.tag}-renamed-{other}", f"{world.tag}-host-{world.dice.randrange(9)}"])
    body: dict[str, Any] = {"name": name}
    if version >= 14 and world.chance(0.7):
        body["parent_provider_uuid"] = world.pick([world.provider(), world.provider(), known.parent, None])

    def learn(_: Answer) -> None:
        known.name, known.parent = name, body.get("parent_provider_uuid", known.parent)

    return world.step("PUT", f"/resource_providers/{uuid}", version, body, learn=learn)


def delete_provider(world: World) -> Step:
    uuid = world.provider()

    def learn(_: Answer) -> None:
        world.providers.pop(uuid, None)

    return world.step("DELETE", f"/resource_providers/{uuid}", world.version(), learn=learn)


def get_provider(world: World) -> Step:
    return world.step("GET", f"/resource_providers/{world.provider()}", world.version())


def get_entry(world: World) -> Step:
    """One of the lists below a provider."""
    entry, first = world.pick([("inventories", 0), ("usages", 0), ("aggregates", 1), ("traits", 6), ("allocations", 0)])
    return world.step("GET", f"/resource_providers/{world.provider()}/{entry}", world.version(first))


# Inventories


def inventory(world: World) -> dict[str, Any]:
    """One inventory record, most of it optional."""
    total = world.pick(TOTALS)
    record: dict[str, Any] = {"total": total}
    optional = {
        "reserved": world.pick([0, 0, 0, 1, total // 2, total, total + 1 if world.chance(0.1) else 0]),
        "min_unit": world.pick([1, 1, 1, 2]),
        "max_unit": world.pick([1, 2, 4, total, total, 2147483647]),
        "step_size": world.pick([1, 1, 1, 2, 3]),
        "allocation_ratio": world.pick(RATIOS),
    }
    share = 0.08 if world.finding else 0.25
    record.update((name, value) for name, value in optional.items() if world.chance(share))
    return record


def put_inventories(world: World, uuid: str | None = None) -> Step:
    uuid = uuid or world.provider()
    most = 6 if world.finding else 4
    names = [world.resource_class() for _ in range(world.mostly(world.dice.randint(1, most), 0, share=0.04))]
    kept = world.providers[uuid].inventories if uuid in world.providers else {}
    records = {name: inventory(world) for name in names}
    if world.chance(0.5):
        records = {**kept, **records}
    body = {"resource_provider_generation": generation(world, uuid), "inventories": records}

    def learn(_: Answer) -> None:
        if uuid in world.providers:
            world.providers[uuid].inventories = records

    return world.step("PUT", f"/resource_providers/{uuid}/inventories", world.version(), body, learn=learn)


def post_inventory(world: World) -> Step:
    uuid, name, record = world.provider(), world.resource_class(), inventory(world)
    body = {"resource_class": name, **record}
    if world.chance(0.4):
        body["resource_provider_generation"] = generation(world, uuid)

    def learn(_: Answer) -> None:
        if uuid in world.providers:
            world.providers[uuid].inventories[name] = record

    return world.step("POST", f"/resource_providers/{uuid}/inventories", world.version(), body, learn=learn)


def one_inventory(world: World) -> Step:
    """GET, PUT or DELETE of one class of a provider."""
    uuid = world.provider()
    kept = world.providers[uuid].inventories if uuid in world.providers else {}
    name = world.pick(list(kept)) if kept and world.chance(0.85) else world.resource_class()
    path, method = f"/resource_providers/{uuid}/inventories/{name}", world.pick(["GET", "PUT", "PUT", "DELETE"])
    if method == "GET":
        return world.step(method, path, world.version())
    record = inventory(world)

    def learn(_: Answer) -> None:
        if method == "PUT":
            kept[name] = record
        else:
            kept.pop(name, None)

    body = {"resource_provider_generation": generation(world, uuid), **record} if method == "PUT" else None
    return world.step(method, path, world.version(), body, learn=learn)


def delete_inventories(world: World) -> Step:
    uuid = world.provider()

    def learn(_: Answer) -> None:
        if uuid in world.providers:
            world.providers[uuid].inventories = {}

    return world.step("DELETE", f"/resource_providers/{uuid}/inventories", world.version(5), learn=learn)


# Traits, aggregates, classes


def put_provider_traits(world: World, uuid: str | None = None, share: float = 0.15) -> Step:
    uuid = uuid or world.provider()
    names = world.mostly(world.some([world.trait() for _ in range(4)], 3), [])
    names = sorted(set(names) - {SHARES}) + ([SHARES] if world.chance(share) else [])
    body = {"resource_provider_generation": generation(world, uuid), "traits": names}

    def learn(_: Answer) -> None:
        if uuid in world.providers:
            world.providers[uuid].traits = names

    return world.step("PUT", f"/resource_providers/{uuid}/traits", world.version(6), body, learn=learn)


def delete_provider_traits(world: World) -> Step:
    uuid = world.provider()

    def learn(_: Answer) -> None:
        if uuid in world.providers:
            world.providers[uuid].traits = []

    return world.step("DELETE", f"/resource_providers/{uuid}/traits", world.version(6), learn=learn)


def put_aggregates(world: World, uuid: str | None = None) -> Step:
    uuid, version = uuid or world.provider(), world.version(1)
    uuids = world.mostly(world.some(world.aggregate_uuids, 3), [])
    body: Any = uuids
    if version >= 19:
        body = {"aggregates": uuids, "resource_provider_generation": generation(world, uuid)}

    def learn(_: Answer) -> None:
        if uuid in world.providers:
            world.providers[uuid].aggregates = uuids

    return world.step("PUT", f"/resource_providers/{uuid}/aggregates", version, body, learn=learn)


def one_trait(world: World, name: str | None = None) -> Step:
    """GET, PUT or DELETE of a trait."""
    method = "PUT" if name else world.pick(["GET", "PUT", "PUT", "PUT", "DELETE"])
    name = name or world.pick([*world.custom_traits, world.trait()])

    def learn(_: Answer) -> None:
        if method == "PUT":
            world.known_traits.add(name)
        elif method == "DELETE":
            world.known_traits.discard(name)

    return world.step(method, f"/traits/{name}", world.version(6), learn=learn)


def one_class(world: World, name: str | None = None) -> Step:
    """GET, PUT or DELETE of a class, or POST of one; PUT renames before 1.7 and creates since."""
    method = "PUT" if name else world.pick(["GET", "PUT", "PUT", "POST", "DELETE"])
    version = world.version(7 if name else 2)
    name = name or world.pick([*world.custom_classes, world.resource_class()])
    other = world.pick(world.custom_classes)
    made = other if method == "PUT" and version < 7 else name

    def learn(_: Answer) -> None:
        if method in ("PUT", "POST"):
            world.known_classes.add(made)
        if method == "DELETE" or made != name:
            world.known_classes.discard(name)

    if method == "POST":
        return world.step(method, "/resource_classes", version, {"name": name}, learn=learn)
    body = {"name": other} if made == other and method == "PUT" and version < 7 else None
    return world.step(method, f"/resource_classes/{name}", version, body, learn=learn)


def list_classes(world: World) -> Step:
    return world.step("GET", "/resource_classes", world.version(2))
