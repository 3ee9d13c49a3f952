"""A small fleet of its own for each version of the API, made at the newest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from tests.support.raw_http import Headers, RawConnection, RawReply

NEWEST = 39
SPACE = UUID("5b1f1fe2-6f4a-4e6f-9d1c-7d0c3c1b0e11")
Held = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class World:
    """The fleet that the calls of one version are about."""

    wire: RawConnection
    minor: int

    def uuid(self, name: str) -> str:
        """The uuid of anything that this world knows by a name."""
        return str(uuid5(SPACE, f"{self.minor}/{name}"))

    def named(self, text: str) -> str:
        """A text with every {name} replaced by that thing's uuid, and {minor} by the version's number."""
        while "{" in text:
            before, _, rest = text.partition("{")
            name, _, after = rest.partition("}")
            text = before + (str(self.minor) if name == "minor" else self.uuid(name)) + after
        return text

    def ask(
        self, method: str, path: str, body: Any = None, *, minor: int | None = None, headers: Headers = ()
    ) -> RawReply:
        """Ask as an administrator, in this world's version if no other is given."""
        version = self.minor if minor is None else minor
        sent = [("x-auth-token", "admin"), ("openstack-api-version", f"placement 1.{version}")]
        data = None
        if body is not None:
            sent.append(("content-type", "application/json"))
            data = json.dumps(body).encode()
        replaced = {name for name, _ in headers}
        kept = [pair for pair in sent if pair[0] not in replaced]
        return self.wire.ask(method, self.named(path), [*kept, *(pair for pair in headers if pair[1] != "-")], data)

    def generation(self, provider: str) -> int:
        """The present generation of a provider."""
        found: int = self.ask("GET", f"/resource_providers/{{{provider}}}", minor=NEWEST).json()["generation"]
        return found

    def consumer_generation(self, consumer: str) -> int | None:
        """The present generation of a consumer; None if there is no such."""
        found: int | None = (
            self.ask("GET", f"/allocations/{{{consumer}}}", minor=NEWEST).json().get("consumer_generation")
        )
        return found

    def claim(self, held: Held, consumer: str = "", minor: int | None = None) -> dict[str, Any]:
        """What a consumer is to hold, in the form of the version; consumer: whose generation is to be sent."""
        version = self.minor if minor is None else minor
        by_provider = {self.uuid(provider): {"resources": dict(amounts)} for provider, amounts in held.items()}
        told: dict[str, Any] = {"allocations": by_provider}
        if version < 12:
            told["allocations"] = [
                {"resource_provider": {"uuid": uuid}, **resources} for uuid, resources in by_provider.items()
            ]
        if version >= 8:
            told |= {"project_id": f"project-{self.minor}", "user_id": f"user-{self.minor}"}
        if version >= 28:
            told["consumer_generation"] = self.consumer_generation(consumer) if consumer else None
        if version >= 38:
            told["consumer_type"] = "INSTANCE"
        return told


def _must(got: RawReply) -> RawReply:
    assert got.status < 300, got.body
    return got


def fill(world: World) -> None:
    """Make the fleet: a host with a device in a node, a disk that it shares, spare providers, two consumers."""

    def do(method: str, path: str, body: Any = None) -> None:
        _must(world.ask(method, path, body, minor=NEWEST))

    do("PUT", "/resource_classes/CUSTOM_SLOT_{minor}")
    do("PUT", "/resource_classes/CUSTOM_IDLE_{minor}")
    do("PUT", "/traits/CUSTOM_FAST_{minor}")
    do("PUT", "/traits/CUSTOM_IDLE_{minor}")
    parents = {"node": "host", "device": "node"}
    for name in ("host", "node", "device", "disk", "spare", "victim"):
        body = {"name": f"{name}-{world.minor}", "uuid": world.uuid(name)}
        if name in parents:
            body["parent_provider_uuid"] = world.uuid(parents[name])
        do("POST", "/resource_providers", body)
    slot = world.named("CUSTOM_SLOT_{minor}")
    stock = {
        "host": {"VCPU": {"total": 16, "allocation_ratio": 4.0}, "MEMORY_MB": {"total": 4096, "reserved": 512}},
        "node": {slot: {"total": 4, "max_unit": 2}},
        "device": {"VGPU": {"total": 8, "step_size": 2}},
        "disk": {"DISK_GB": {"total": 1000}},
    }
    traits = {
        "host": ["HW_CPU_X86_AVX2"],
        "node": [world.named("CUSTOM_FAST_{minor}")],
        "disk": ["MISC_SHARES_VIA_AGGREGATE"],
    }
    for name, inventories in stock.items():
        place = f"/resource_providers/{{{name}}}"
        do("PUT", f"{place}/inventories", _guarded(world, name, inventories=inventories))
        do("PUT", f"{place}/traits", _guarded(world, name, traits=traits.get(name, [])))
    for name in ("host", "disk"):
        do("PUT", f"/resource_providers/{{{name}}}/aggregates", _guarded(world, name, aggregates=[world.uuid("rack")]))
    held = {"host": {"VCPU": 2, "MEMORY_MB": 256}, "node": {slot: 1}, "disk": {"DISK_GB": 10}}
    do("PUT", "/allocations/{vm}", world.claim(held, minor=NEWEST))
    do("PUT", "/allocations/{job}", world.claim({"host": {"VCPU": 1}}, minor=NEWEST) | {"consumer_type": "JOB"})


def _guarded(world: World, provider: str, **fields: Any) -> dict[str, Any]:
    return {"resource_provider_generation": world.generation(provider), **fields}
