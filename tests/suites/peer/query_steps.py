"""Well-formed requests with queries: lists of providers and traits, and candidates with all their parameters."""

from __future__ import annotations

import json
from typing import Any

from tests.suites.peer.steps import Step
from tests.suites.peer.wire import Answer
from tests.suites.peer.world import World

Query = list[tuple[str, str]]
OLD_SUFFIXES = ("1", "2", "3", "20")
NEW_SUFFIXES = ("1", "2", "_GPU", "_a-b", "-NET", "X" * 64)


def root(world: World) -> Step:
    return world.step("GET", "/", world.version())


def list_traits(world: World) -> Step:
    query: Query = []
    if world.chance(0.85):
        names = ",".join(world.trait() for _ in range(world.dice.randint(1, 4)))
        prefix = world.pick([f"CUSTOM_{world.tag.upper()}", "HW_CPU_X86_AV", "CUSTOM_", "STORAGE", world.trait()])
        query.append(("name", world.mostly(world.pick([f"in:{names}", f"startswith:{prefix}"]), "in:", "startswith:")))
    if not query or world.chance(0.4):
        query.append(("associated", world.pick(["true", "false", "TRUE", "False"])))
    return world.step("GET", "/traits", world.version(6), query=query)


def resources(world: World, single: float = 0.5) -> str:
    """A value of ``resources``: one class, or one or two others, mostly of small amounts."""
    names = dict.fromkeys(world.held_class() for _ in range(1 if world.chance(single) else world.dice.randint(2, 3)))
    return ",".join(f"{name}:{world.pick([1, 1, 1, 1, 1, 2, 2, 3, 4])}" for name in names)


def required(world: World, version: int) -> str:
    """A value of ``required``: traits, forbidden ones since 1.22, any of several since 1.39."""
    names = world.some(dict.fromkeys(world.held_trait() for _ in range(3)), 2)
    if version >= 39 and world.chance(0.4):
        return "in:" + ",".join(names)
    return ",".join(f"!{name}" if version >= 22 and world.chance(0.35) else name for name in names)


def member_of(world: World, version: int) -> str:
    """A value of ``member_of``: one aggregate or any of several, forbidden since 1.32."""
    uuids = world.mostly(world.some(world.aggregate_uuids, 3), [world.unknown_uuid])
    value = uuids[0] if len(uuids) == 1 and world.chance(0.7) else "in:" + ",".join(uuids)
    return f"!{value}" if version >= 32 and world.chance(0.3) else value


def list_providers(world: World) -> Step:
    version = world.version()
    query: Query = []
    if world.chance(0.15):
        query.append(("name", f"{world.tag}-host-{world.dice.randrange(9)}"))
    if world.chance(0.15):
        query.append(("uuid", world.provider()))
    if version >= 3 and world.chance(0.4):
        query += [("member_of", member_of(world, version)) for _ in range(_repeats(world, version, 24))]
    if version >= 4 and world.chance(0.4):
        query.append(("resources", resources(world)))
    if version >= 14 and world.chance(0.25):
        query.append(("in_tree", world.provider()))
    if version >= 18 and world.chance(0.4):
        query += [("required", required(world, version)) for _ in range(_repeats(world, version, 39))]
    return world.step("GET", "/resource_providers", version, query=query)


def _repeats(world: World, version: int, since: int) -> int:
    """How often a parameter stands: more than once where that is understood, rarely where it is not."""
    return 2 if world.chance(0.3 if version >= since else 0.03) else 1


def group(world: World, version: int, suffix: str, empty: bool = False) -> Query:
    """The parameters of one request group; ``empty`` for one without resources."""
    query: Query = [] if empty else [(f"resources{suffix}", resources(world, 0.75 if suffix else 0.5))]
    if version >= 17 and world.chance(0.9 if empty else 0.16):
        query += [(f"required{suffix}", required(world, version)) for _ in range(_repeats(world, version, 39))]
    if version >= 21 and world.chance(0.16):
        query += [(f"member_of{suffix}", member_of(world, version)) for _ in range(_repeats(world, version, 24))]
    if version >= 31 and world.chance(0.1):
        query.append((f"in_tree{suffix}", world.provider()))
    return query


def candidates(world: World) -> Step:
    version = world.version(10)
    query: Query = []
    suffixes: list[str] = []
    if version >= 25 and world.chance(0.6):
        suffixes = world.some(OLD_SUFFIXES if version < 33 else NEW_SUFFIXES, 3)
    if not suffixes or world.chance(0.6):
        query += group(world, version, "")
    empty = [suffix for suffix in suffixes[1:] if version >= 36 and world.chance(0.25)]
    for suffix in suffixes:
        query += group(world, version, suffix, suffix in empty)
    if len(suffixes) > 1 or (suffixes and world.chance(0.3)):
        query.append(("group_policy", world.pick(["none", "none", "isolate"])))
    query += _whole(world, version, suffixes, bool(empty))
    world.dice.shuffle(query)
    return world.step("GET", "/allocation_candidates", version, query=query, learn=_learner(world, version))


def _whole(world: World, version: int, suffixes: list[str], empty: bool) -> Query:
    """The parameters of the request as a whole."""
    query: Query = []
    if version >= 16 and world.chance(0.3):
        query.append(("limit", str(world.pick([1, 1, 2, 3, 5, 1000]))))
    if version >= 35 and world.chance(0.1):
        query.append(("root_required", required(world, 22)))
    if version >= 36 and suffixes and world.chance(0.95 if empty else 0.25):
        chosen = suffixes if empty or world.chance(0.6) else world.some(suffixes, 3)
        query.append(("same_subtree", ",".join(chosen)))
    return query


def _learner(world: World, version: int) -> Any:
    def learn(answer: Answer) -> None:
        if version >= 12:
            world.offers = json.loads(answer.body)["allocation_requests"][:20]

    return learn
