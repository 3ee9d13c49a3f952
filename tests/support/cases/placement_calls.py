"""Calls that show every answer that the API can give: each a line, made in every version that it applies to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.cases.placement_world import NEWEST, World

Making = Callable[[World], Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One call. body: a JSON value or what makes one; since and until: the versions in which it is answered so."""

    operation: str
    status: int
    path: str
    body: Any = None
    since: int = 0
    until: int = NEWEST


P, HOST, SPARE = "/resource_providers", "/resource_providers/{host}", "/resource_providers/{spare}"


def at(provider: str, **fields: Any) -> Making:
    """A body with the present generation of a provider."""
    return lambda world: {"resource_provider_generation": world.generation(provider), **_named(world, fields)}


def stale(**fields: Any) -> Making:
    """A body with a generation that no provider has yet."""
    return lambda world: {"resource_provider_generation": 999, **_named(world, fields)}


def text(value: Any) -> Making:
    """A body in which names are filled in."""
    return lambda world: _named(world, value)


def claim(held: dict[str, dict[str, int]], consumer: str = "") -> Making:
    """What one consumer is to hold."""
    return lambda world: world.claim(held, consumer)


def claims(held: dict[str, dict[str, dict[str, int]]]) -> Making:
    """What several consumers are to hold."""
    return lambda world: {world.uuid(name): world.claim(each, name) for name, each in held.items()}


def aggregates(*names: str, current: bool = True) -> Making:
    """Aggregates for the spare provider, in the version's form."""

    def made(world: World) -> Any:
        chosen = [world.uuid(name) for name in names]
        if world.minor < 19:
            return chosen
        return (at("spare") if current else stale())(world) | {"aggregates": chosen}

    return made


def reshape(*, current: bool = True) -> Making:
    """A device of the spare provider moves nowhere: its inventory stays, and who holds it too."""

    def made(world: World) -> Any:
        inventories = {"VGPU": {"total": 4}}
        body = (at("device", inventories=inventories) if current else stale(inventories=inventories))(world)
        return {"inventories": {world.uuid("device"): body}, "allocations": {}}

    return made


def _named(world: World, value: Any) -> Any:
    if isinstance(value, str):
        return world.named(value)
    if isinstance(value, dict):
        return {_named(world, key): _named(world, item) for key, item in value.items()}
    return [_named(world, item) for item in value] if isinstance(value, list) else value


LINES: tuple[Line, ...] = (
    Line("GET /", 200, "/"),
    Line("GET /openapi.json", 200, "/openapi.json"),
    Line("GET /openapi.json", 200, "/openapi.json?version=1.{minor}"),
    # --- Providers ---
    Line(f"GET {P}", 200, P),
    Line(f"GET {P}", 200, f"{P}?name=host-{{minor}}"),
    Line(f"GET {P}", 200, f"{P}?uuid={{host}}"),
    Line(f"GET {P}", 200, f"{P}?member_of=in:{{rack}},{{nothing}}", since=3),
    Line(f"GET {P}", 200, f"{P}?resources=VCPU:1,MEMORY_MB:64", since=4),
    Line(f"GET {P}", 200, f"{P}?in_tree={{device}}", since=14),
    Line(f"GET {P}", 200, f"{P}?required=HW_CPU_X86_AVX2", since=18),
    Line(f"GET {P}", 200, f"{P}?required=!HW_CPU_X86_AVX2", since=22),
    Line(f"GET {P}", 200, f"{P}?member_of={{rack}}&member_of=in:{{rack}}", since=24),
    Line(f"GET {P}", 200, f"{P}?member_of=!{{rack}}", since=32),
    Line(f"GET {P}", 200, f"{P}?required=in:HW_CPU_X86_AVX2,CUSTOM_FAST_{{minor}}", since=39),
    Line(f"POST {P}", 201, P, text({"name": "new-{minor}", "uuid": "{new}"}), until=19),
    Line(f"POST {P}", 200, P, text({"name": "new-{minor}", "uuid": "{new}"}), since=20),
    Line(f"POST {P}", 409, P, text({"name": "host-{minor}"})),
    Line("GET /resource_providers/{uuid}", 200, HOST),
    Line("GET /resource_providers/{uuid}", 200, f"{P}/{{device}}"),
    Line("PUT /resource_providers/{uuid}", 200, SPARE, text({"name": "newer-{minor}"})),
    Line("PUT /resource_providers/{uuid}", 409, SPARE, text({"name": "host-{minor}"})),
    Line("DELETE /resource_providers/{uuid}", 204, f"{P}/{{victim}}"),
    Line("DELETE /resource_providers/{uuid}", 409, HOST),
    # --- What providers have ---
    Line("GET /resource_providers/{uuid}/inventories", 200, f"{HOST}/inventories"),
    Line("GET /resource_providers/{uuid}/inventories", 200, f"{SPARE}/inventories"),
    Line(
        "PUT /resource_providers/{uuid}/inventories",
        200,
        f"{SPARE}/inventories",
        at("spare", inventories={"VCPU": {"total": 8}, "CUSTOM_SLOT_{minor}": {"total": 1, "allocation_ratio": 1.5}}),
    ),
    Line("PUT /resource_providers/{uuid}/inventories", 409, f"{SPARE}/inventories", stale(inventories={})),
    Line(
        "POST /resource_providers/{uuid}/inventories",
        201,
        f"{SPARE}/inventories",
        at("spare", resource_class="DISK_GB", total=9),
    ),
    Line(
        "POST /resource_providers/{uuid}/inventories",
        409,
        f"{SPARE}/inventories",
        at("spare", resource_class="DISK_GB", total=9),
    ),
    Line("GET /resource_providers/{uuid}/inventories/{resource_class}", 200, f"{HOST}/inventories/MEMORY_MB"),
    Line(
        "PUT /resource_providers/{uuid}/inventories/{resource_class}",
        200,
        f"{SPARE}/inventories/VCPU",
        at("spare", total=7),
    ),
    Line(
        "PUT /resource_providers/{uuid}/inventories/{resource_class}",
        409,
        f"{SPARE}/inventories/VCPU",
        stale(total=7),
    ),
    Line("DELETE /resource_providers/{uuid}/inventories/{resource_class}", 204, f"{SPARE}/inventories/VCPU"),
    Line("DELETE /resource_providers/{uuid}/inventories/{resource_class}", 409, f"{HOST}/inventories/VCPU"),
    Line("DELETE /resource_providers/{uuid}/inventories", 204, f"{SPARE}/inventories", since=5),
    Line("DELETE /resource_providers/{uuid}/inventories", 409, f"{HOST}/inventories", since=5),
    Line("GET /resource_providers/{uuid}/usages", 200, f"{HOST}/usages"),
    Line("GET /resource_providers/{uuid}/aggregates", 200, f"{HOST}/aggregates", since=1),
    Line("PUT /resource_providers/{uuid}/aggregates", 200, f"{SPARE}/aggregates", aggregates("rack", "row"), since=1),
    Line("PUT /resource_providers/{uuid}/aggregates", 409, f"{SPARE}/aggregates", aggregates(current=False), since=19),
    Line("GET /resource_providers/{uuid}/traits", 200, f"{HOST}/traits", since=6),
    Line(
        "PUT /resource_providers/{uuid}/traits",
        200,
        f"{SPARE}/traits",
        at("spare", traits=["CUSTOM_FAST_{minor}", "HW_CPU_X86_SSE2"]),
        since=6,
    ),
    Line("PUT /resource_providers/{uuid}/traits", 409, f"{SPARE}/traits", stale(traits=[]), since=6),
    Line("DELETE /resource_providers/{uuid}/traits", 204, f"{SPARE}/traits", since=6),
    Line("GET /resource_providers/{uuid}/allocations", 200, f"{HOST}/allocations"),
    Line("GET /resource_providers/{uuid}/allocations", 200, f"{SPARE}/allocations"),
    # --- Names ---
    Line("GET /resource_classes", 200, "/resource_classes", since=2),
    Line("POST /resource_classes", 201, "/resource_classes", text({"name": "CUSTOM_NEW_{minor}"}), since=2),
    Line("POST /resource_classes", 409, "/resource_classes", text({"name": "CUSTOM_NEW_{minor}"}), since=2),
    Line("GET /resource_classes/{name}", 200, "/resource_classes/VCPU", since=2),
    Line(
        "PUT /resource_classes/{name}",
        200,
        "/resource_classes/CUSTOM_IDLE_{minor}",
        text({"name": "CUSTOM_OTHER_{minor}"}),
        since=2,
        until=6,
    ),
    Line(
        "PUT /resource_classes/{name}",
        409,
        "/resource_classes/CUSTOM_NEW_{minor}",
        text({"name": "CUSTOM_OTHER_{minor}"}),
        since=2,
        until=6,
    ),
    Line("PUT /resource_classes/{name}", 201, "/resource_classes/CUSTOM_NEWER_{minor}", since=7),
    Line("PUT /resource_classes/{name}", 204, "/resource_classes/CUSTOM_NEWER_{minor}", since=7),
    Line("DELETE /resource_classes/{name}", 204, "/resource_classes/CUSTOM_NEW_{minor}", since=2),
    Line("DELETE /resource_classes/{name}", 409, "/resource_classes/CUSTOM_SLOT_{minor}", since=2),
    Line("GET /traits", 200, "/traits", since=6),
    Line("GET /traits", 200, "/traits?name=in:CUSTOM_FAST_{minor},HW_CPU_X86_AVX2&associated=true", since=6),
    Line("GET /traits", 200, "/traits?name=startswith:CUSTOM_", since=6),
    Line("GET /traits/{name}", 204, "/traits/CUSTOM_FAST_{minor}", since=6),
    Line("PUT /traits/{name}", 201, "/traits/CUSTOM_NEW_{minor}", since=6),
    Line("PUT /traits/{name}", 204, "/traits/CUSTOM_NEW_{minor}", since=6),
    Line("DELETE /traits/{name}", 204, "/traits/CUSTOM_NEW_{minor}", since=6),
    Line("DELETE /traits/{name}", 409, "/traits/CUSTOM_FAST_{minor}", since=6),
    # --- Claims ---
    Line("GET /allocation_candidates", 200, "/allocation_candidates?resources=VCPU:1,DISK_GB:5", since=10),
    Line("GET /allocation_candidates", 200, "/allocation_candidates?resources=VCPU:1&limit=1", since=16),
    Line(
        "GET /allocation_candidates", 200, "/allocation_candidates?resources=VCPU:1&required=HW_CPU_X86_AVX2", since=17
    ),
    Line("GET /allocation_candidates", 200, "/allocation_candidates?resources=VCPU:1&member_of=in:{rack}", since=21),
    Line("GET /allocation_candidates", 200, "/allocation_candidates?resources=FPGA:1", since=10),
    Line(
        "GET /allocation_candidates",
        200,
        "/allocation_candidates?resources=VCPU:1&resources1=CUSTOM_SLOT_{minor}:1&required1=CUSTOM_FAST_{minor}"
        "&resources2=VGPU:2&group_policy=isolate",
        since=29,
    ),
    Line("GET /allocation_candidates", 200, "/allocation_candidates?resources=VCPU:1&in_tree={host}", since=31),
    Line(
        "GET /allocation_candidates",
        200,
        "/allocation_candidates?resources=VCPU:1&resources_DEV=VGPU:2&in_tree_DEV={host}",
        since=33,
    ),
    Line(
        "GET /allocation_candidates",
        200,
        "/allocation_candidates?resources=VCPU:1&root_required=HW_CPU_X86_AVX2,!COMPUTE_STATUS_DISABLED",
        since=35,
    ),
    Line(
        "GET /allocation_candidates",
        200,
        "/allocation_candidates?resources_A=VGPU:2&required_B=CUSTOM_FAST_{minor}&same_subtree=_A,_B&group_policy=none",
        since=36,
    ),
    Line("PUT /allocations/{consumer_uuid}", 204, "/allocations/{guest}", claim({"host": {"VCPU": 2}})),
    Line("PUT /allocations/{consumer_uuid}", 409, "/allocations/{other}", claim({"host": {"VCPU": 200}})),
    Line("GET /allocations/{consumer_uuid}", 200, "/allocations/{vm}"),
    Line("GET /allocations/{consumer_uuid}", 200, "/allocations/{nobody}"),
    Line("DELETE /allocations/{consumer_uuid}", 204, "/allocations/{guest}"),
    Line(
        "POST /allocations",
        204,
        "/allocations",
        claims({"guest": {"host": {"VCPU": 1}}, "other": {"disk": {"DISK_GB": 1}}}),
        since=13,
    ),
    Line("POST /allocations", 409, "/allocations", claims({"third": {"host": {"VCPU": 200}}}), since=13),
    Line("POST /reshaper", 204, "/reshaper", reshape(), since=30),
    Line("POST /reshaper", 409, "/reshaper", reshape(current=False), since=30),
    Line("GET /usages", 200, "/usages?project_id=project-{minor}", since=9),
    Line("GET /usages", 200, "/usages?project_id=project-{minor}&user_id=user-{minor}", since=9),
    Line("GET /usages", 200, "/usages?project_id=nobody", since=9),
    Line("GET /usages", 200, "/usages?project_id=project-{minor}&consumer_type=all", since=38),
    Line("GET /usages", 200, "/usages?project_id=project-{minor}&consumer_type=JOB", since=38),
)
