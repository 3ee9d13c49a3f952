"""Requests that Placement is known to mishandle; Berth must be right.

They come last in an episode, because Placement may take what Berth refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from tests.suites.peer.claim_steps import claim
from tests.suites.peer.steps import Step, provider_generation
from tests.suites.peer.world import World

NUMBERS = (
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9223372036854775807", "9223372036854775808", "1" + "0" * 30,
    "1" + "0" * 400, "1" + "0" * 5000, "-0.5", "-1", "1e-400", "3.40282e38", "3.40283e38", "2147483648", "1E1", "-0.0",
)  # fmt: skip
FIELDS = ("total", "reserved", "min_unit", "max_unit", "step_size", "allocation_ratio", "allocation_ratio")
TEXTS = (
    r"\u0000", r"a\u0000b", r"\ud800", r"a\udfffb", r"\ud83d\ude00", r"\n", r"a\n", "a\udcff", "ﬁ", "e\u0301",
    r"\u0085",
)  # fmt: skip
NAMES = ('A"', "A\\", "A\\n", 'A", "x": "', "A\n", "A%", "A\u0130", "a", "A\x00", "A\ufeff", "A/B", "A\\u0041")
AMOUNTS = (
    "1_0", " 1", "1 ", "+1", "\uff11", "\u0661", "9223372036854775807", "9223372036854775808", "9" * 40, "9" * 5000,
    "1\n", "0x1", "1e1", "\u00b2", "01", "0", "-1", "",
)  # fmt: skip
PREFIXES = ("custom_", "CUSTOM%", "%", "_", "hw_cpu", "HW_CPU_X86_AVX_", "HW-CPU", "CUSTOM\\_", "")
LIMITS = ("9223372036854775808", "9" * 30, "1\n", "1_0", "+1", "\uff11")


def number(world: World) -> Step:
    """A number in an inventory that no column holds, or that is no number."""
    uuid, field = world.provider(), world.pick(FIELDS)
    record = json.dumps({"resource_class": world.resource_class(), "total": 8, field: "?"}).replace(
        '"?"', world.pick(NUMBERS)
    )
    step = world.step("POST", f"/resource_providers/{uuid}/inventories", world.version(), {})
    return step.spoilt(replace(step.request, body=record))


def text(world: World) -> Step:
    """Text that not every encoding or database holds, where any text may stand."""
    odd = world.pick(TEXTS)
    step = world.step("POST", "/resource_providers", world.version(20), {})
    if world.chance(0.5) and world.providers:
        held = {world.pick(list(world.providers)): {world.held_class(): 1}}
        consumer = world.consumer()
        step = world.step("PUT", f"/allocations/{consumer}", 39, claim(world, 39, consumer, held))
        field = world.pick(["project_id", "user_id", "consumer_type"])
        body = json.dumps({**json.loads(step.request.body or ""), field: "?"}).replace("?", odd)
    else:
        body = json.dumps({"name": "?", "uuid": world.new_provider()}).replace("?", f"{world.tag}{odd}")
    return step.spoilt(replace(step.request, body=body))


def name(world: World) -> Step:
    """A name in a path that is no name."""
    noun = world.pick(["resource_classes", "traits"])
    odd = quote(f"CUSTOM_{world.tag.upper()}_{world.pick(NAMES)}", safe="")
    return world.step(world.pick(["PUT", "PUT", "GET", "DELETE"]), f"/{noun}/{odd}", world.version(7))


def posted_name(world: World) -> Step:
    odd = f"CUSTOM_{world.tag.upper()}_{world.pick(NAMES)}"
    return world.step("POST", "/resource_classes", world.version(2), {"name": odd})


def amount(world: World) -> Step:
    path, version = world.pick(
        [("/allocation_candidates", world.version(10)), ("/resource_providers", world.version(4))]
    )
    return world.step("GET", path, version, query=[("resources", f"{world.held_class()}:{world.pick(AMOUNTS)}")])


def claimed_amount(world: World) -> Step:
    """An allocation of an amount that no column holds."""
    consumer, held = world.consumer(), {world.provider(): {world.held_class(): -999}}
    step = world.step("PUT", f"/allocations/{consumer}", 39, claim(world, 39, consumer, held))
    return step.spoilt(replace(step.request, body=(step.request.body or "").replace("-999", world.pick(NUMBERS))))


def limit(world: World) -> Step:
    query = [("resources", f"{world.held_class()}:1"), ("limit", world.pick(LIMITS))]
    return world.step("GET", "/allocation_candidates", world.version(16), query=query)


def doubled(world: World) -> Step:
    """``limit`` or ``group_policy`` twice, one of them wrong or both right."""
    name, values = world.pick([("limit", ["1", "2", "x", "0"]), ("group_policy", ["none", "isolate", "x"])])
    query = [
        ("resources1", f"{world.held_class()}:1"),
        ("resources2", f"{world.held_class()}:1"),
        ("group_policy", "none"),
    ]
    query = [pair for pair in query if pair[0] != name] + [(name, world.pick(values)), (name, world.pick(values))]
    return world.step("GET", "/allocation_candidates", world.version(25), query=query)


def prefix(world: World) -> Step:
    return world.step("GET", "/traits", world.version(6), query=[("name", f"startswith:{world.pick(PREFIXES)}")])


def uuid_form(world: World) -> Step:
    """A uuid without dashes, in capitals, or in braces."""
    uuid = world.pick([world.provider(), world.aggregate(), world.consumer()])
    odd = world.pick(
        [uuid.upper(), uuid.replace("-", ""), f"{{{uuid}}}", f"urn:uuid:{uuid}", uuid.upper().replace("-", "")]
    )
    target, query = world.pick(
        [
            (f"/resource_providers/{odd}", []),
            (f"/resource_providers/{odd}/inventories", []),
            (f"/resource_providers/{odd}/traits", []),
            (f"/allocations/{odd}", []),
            ("/resource_providers", [("uuid", odd)]),
            ("/resource_providers", [("in_tree", odd)]),
            ("/resource_providers", [("member_of", odd)]),
            ("/allocation_candidates", [("resources", f"{world.held_class()}:1"), ("in_tree", odd)]),
            ("/allocation_candidates", [("resources", f"{world.held_class()}:1"), ("member_of", f"in:{odd}")]),
        ]
    )
    return world.step("GET", quote(target), world.version(31), query=query)


def written_uuid(world: World) -> Step:
    """A uuid in another form in what is written."""
    consumer, provider = world.consumer(), world.provider()
    odd: Callable[[str], str] = str.upper if world.chance(0.5) else _dashless
    held = {provider: {world.held_class(): 1}}
    body = {"aggregates": [odd(world.aggregate())], "resource_provider_generation": provider_generation(provider)}
    return world.pick(
        [
            world.step("PUT", f"/allocations/{odd(consumer)}", 39, claim(world, 39, consumer, held)),
            world.step(
                "PUT", f"/allocations/{consumer}", 39, claim(world, 39, consumer, {odd(provider): held[provider]})
            ),
            world.step(
                "POST", "/resource_providers", 39, {"name": f"{world.tag}-odd", "uuid": odd(world.new_provider())}
            ),
            world.step("PUT", f"/resource_providers/{provider}/aggregates", 39, body),
            world.step("DELETE", f"/allocations/{odd(consumer)}", 39),
        ]
    )


def _dashless(uuid: str) -> str:
    return uuid.replace("-", "")


def deep(world: World) -> Step:
    """Brackets in brackets, far beyond what a recursive reader can follow."""
    step = world.step("POST", "/resource_providers", world.version(), {})
    depth = world.pick([1000, 100_000])
    return step.spoilt(
        replace(step.request, body=world.pick(["[" * depth, "[" * depth + "]" * depth, '{"a":' * depth]))
    )


HOSTILE: tuple[Callable[[World], Step], ...] = (
    number, number, text, name, posted_name, amount, claimed_amount, limit, doubled, prefix, uuid_form, uuid_form,
    written_uuid, deep,
)  # fmt: skip
