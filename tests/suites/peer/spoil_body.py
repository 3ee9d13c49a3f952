"""Ways to spoil a JSON body: every kind of violation of a schema, and text that is no JSON at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.suites.peer.spoil import named
from tests.suites.peer.wire import Request
from tests.suites.peer.world import World

Place = tuple[Any, Any]
"""A container and the key or index of something in it."""
NEW_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 1.0, 1.5, -0.5, 0.0, 2147483647, 2147483648, 9223372036854775807,
    9223372036854775808, 3.4e38, 3.5e38, 1e300, "", "x", "1", "VCPU", "vcpu", "CUSTOM_", "ü", "X" * 255, "X" * 256,
    "x" * 200, "x" * 201, [], {}, [1], ["x"], [[]], {"x": 1}, {"VCPU": 1}, {"": 1}, {"@provider": {}},
    {"allocations": {}}, ["@aggregate", "@aggregate"], "@provider", "@aggregate", ["@aggregate"],
    ["HW_CPU_X86_AVX2", "HW_CPU_X86_AVX2"], ["CUSTOM_NEVER_MADE"], "unknown",
)  # fmt: skip
NEW_KEYS = (
    "x", "", "VCPU", "vcpu", "CUSTOM_NEVER_MADE", "generation", "resource_provider_generation", "consumer_generation",
    "consumer_type", "mappings", "project_id", "user_id", "parent_provider_uuid", "uuid", "name", "total", "resources",
    "allocations", "inventories", "@provider", "@aggregate", "not-a-uuid", "root_provider_uuid", "resource_class",
    "traits",
)  # fmt: skip
TEXTS = (
    "", " ", "{", "}", "[]", "null", "true", "1", '"x"', "{}", "{}{}", "{'a': 1}", '{"a": 1,}', "[1,]", "nul", '{"a"}',
    '{"name": "a", "name": "b"}', '{"name": "a\tb"}', '{"name": "\\x"}', "\ufeff{}", "\udcff\udcfe",
    '{"name": "\udcff"}', '{"name": 01}', '{"name": 1e5}', "//", "<xml/>", "name=x", '{"name": "x"} junk', "[" * 50,
    '{"a": .5}', '{"a": +1}',
)  # fmt: skip


def spoil_body(world: World, request: Request) -> Request:
    """Spoil a body once, sometimes twice."""
    assert request.body is not None
    if world.chance(0.12):
        return replace(request, body=named(world, world.pick(TEXTS)))
    if world.chance(0.08) and len(request.body) > 2:
        return replace(request, body=_cut(world, request.body))
    data = json.loads(request.body)
    for _ in range(world.mostly(1, 2, share=0.15)):
        data = _changed(world, data)
    return replace(request, body=named(world, json.dumps(data)))


def _cut(world: World, text: str) -> str:
    place = world.dice.randrange(1, len(text))
    return world.pick([text[:place], text[:place] + text[place + 1 :], text + text[place:]])


def _places(data: Any) -> Iterator[Place]:
    keys: Any = data.keys() if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield data, key
        yield from _places(data[key])


def _containers(data: Any) -> list[dict[str, Any]]:
    inner = [box[key] for box, key in _places(data)]
    return [item for item in [data, *inner] if isinstance(item, dict)]


def _changed(world: World, data: Any) -> Any:
    """One change somewhere: a value, a key, one more, one less."""
    places, boxes, kind = list(_places(data)), _containers(data), world.dice.random()
    if not places or kind < 0.03:
        return world.pick(NEW_VALUES)
    box, key = world.pick(places)
    if kind < 0.5:
        box[key] = world.pick(NEW_VALUES)
    elif kind < 0.7:
        del box[key]
    elif kind < 0.9 and boxes:
        world.pick(boxes)[world.pick(NEW_KEYS)] = world.pick([*NEW_VALUES, box[key]])
    elif isinstance(box, dict):
        box[world.pick(NEW_KEYS)] = box.pop(key)
    else:
        box.append(box[key])
    return data
