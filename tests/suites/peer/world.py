"""The small universe of one episode, and what the generator believes about it.

Belief is learnt from Placement's successful answers and only has to be good enough to keep most requests meaningful.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from tests.suites.peer.steps import Learn, Step, nothing
from tests.suites.peer.wire import Request

NEWEST = 39
Value = TypeVar("Value")
SHARES = "MISC_SHARES_VIA_AGGREGATE"
STANDARD_TRAITS = ("HW_CPU_X86_AVX2", "HW_CPU_X86_SSE", "STORAGE_DISK_SSD", "COMPUTE_NODE", SHARES)
STANDARD_CLASSES = ("VCPU", "MEMORY_MB", "DISK_GB", "SRIOV_NET_VF", "VGPU")
TYPES = ("INSTANCE", "MIGRATION", "VOLUME_1", "unknown", "ALL")


@dataclass(slots=True)
class Provider:
    """A provider that is believed to exist."""

    uuid: str
    name: str
    parent: str | None = None
    inventories: dict[str, dict[str, Any]] = field(default_factory=dict)
    traits: list[str] = field(default_factory=list)
    aggregates: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Consumer:
    """A consumer that is believed to hold something: ``{provider: {class: amount}}``."""

    uuid: str
    allocations: dict[str, dict[str, int]]


class World:
    """Names to choose from, what is believed to exist, and the dice."""

    def __init__(self, tag: str, dice: Random) -> None:
        self.tag, self.dice = tag, dice
        self.newest = NEWEST
        self.finding = dice.random() < 0.4
        """Whether this episode is about finding candidates, in a fleet with much of everything."""
        self.home: int | None = dice.choice((None, None, NEWEST, dice.randint(0, NEWEST)))
        big = tag.upper()
        self.provider_uuids = [self._uuid(1) for _ in range(9)]
        self.consumer_uuids = [self._uuid(2) for _ in range(8)]
        self.aggregate_uuids = [self._uuid(3) for _ in range(4)]
        self.unknown_uuid = self._uuid(4)
        self.custom_classes = [f"CUSTOM_{big}_{name}" for name in ("GOLD", "PGPU", "ZZ")]
        self.custom_traits = [f"CUSTOM_{big}_{name}" for name in ("FAST", "RAID", "X", "NUMA_0")]
        self.unknown_name = f"CUSTOM_{big}_NEVER"
        classes, traits = [*STANDARD_CLASSES, *self.custom_classes], [*STANDARD_TRAITS[:-1], *self.custom_traits]
        self.main_classes = dice.sample(classes, dice.randint(2, 4))
        self.main_traits = dice.sample(traits, dice.randint(2, 4))
        """Few of them, so that requests and providers often mean the same ones."""
        self.projects = [f"{tag}-project-a", f"{tag}-project-b", "p"]
        self.users = [f"{tag}-user-a", f"{tag}-user-b", "u"]
        self.types = TYPES
        self.providers: dict[str, Provider] = {}
        self.consumers: dict[str, Consumer] = {}
        self.known_classes: set[str] = set()
        self.known_traits: set[str] = set()
        self.offers: list[dict[str, Any]] = []
        """Allocation requests of the newest form, as last offered by Placement."""

    def _uuid(self, kind: int) -> str:
        third, fourth, fifth = (self.dice.randrange(16**digits) for digits in (3, 3, 12))
        return f"{self.tag}-{kind:04x}-4{third:03x}-8{fourth:03x}-{fifth:012x}"

    # Chance

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def pick(self, values: Sequence[Value]) -> Value:
        return self.dice.choice(values)

    def some(self, values: Iterable[Value], most: int) -> list[Value]:
        """Between one and ``most`` different values, fewer if there are fewer; none of none."""
        pool = list(values)
        return self.dice.sample(pool, min(len(pool), self.dice.randint(1, most)))

    def mostly(self, usual: Value, *rare: Value, share: float = 0.08) -> Value:
        """The usual value, rarely another."""
        return self.pick(rare) if self.chance(share) else usual

    # Choosing

    def version(self, first: int = 0, last: int = NEWEST) -> int:
        """A minor version, nearly always one at which the operation exists."""
        if self.chance(0.02):
            return self.dice.randint(0, NEWEST)
        if self.home is not None and first <= self.home <= last and self.chance(0.7):
            return self.home
        return last if self.chance(0.3) else self.dice.randint(first, last)

    def provider(self) -> str:
        """A provider's uuid, nearly always of one that exists."""
        if self.providers and not self.chance(0.03):
            return self.pick(list(self.providers))
        return self.pick([*self.provider_uuids, self.unknown_uuid])

    def new_provider(self) -> str:
        fresh = [uuid for uuid in self.provider_uuids if uuid not in self.providers]
        return self.pick(fresh) if fresh and not self.chance(0.05) else self.pick(self.provider_uuids)

    def consumer(self) -> str:
        """A consumer's uuid, of one that holds something about two times in three."""
        if self.consumers and self.chance(0.65):
            return self.pick(list(self.consumers))
        return self.pick(self.consumer_uuids)

    def resource_class(self) -> str:
        """A class that exists, nearly always."""
        main = [name for name in self.main_classes if name in STANDARD_CLASSES or name in self.known_classes]
        if main and self.chance(0.85):
            return self.pick(main)
        known = [*STANDARD_CLASSES, *sorted(self.known_classes)]
        return self.mostly(self.pick(known), self.unknown_name, *self.custom_classes, share=0.15)

    def held_class(self) -> str:
        """A class that some provider has, if any has one."""
        held = sorted({name for provider in self.providers.values() for name in provider.inventories})
        return self.pick(held) if held and not self.chance(0.05) else self.resource_class()

    def trait(self) -> str:
        main = [name for name in self.main_traits if name in STANDARD_TRAITS or name in self.known_traits]
        if main and self.chance(0.8):
            return self.pick(main)
        known = [*STANDARD_TRAITS, *sorted(self.known_traits)]
        return self.mostly(self.pick(known), self.unknown_name, *self.custom_traits, share=0.12)

    def held_trait(self) -> str:
        held = sorted({name for provider in self.providers.values() for name in provider.traits})
        return self.pick(held) if held and not self.chance(0.2) else self.trait()

    def aggregate(self) -> str:
        return self.pick(self.aggregate_uuids)

    # Building

    def step(
        self,
        method: str,
        path: str,
        version: int,
        body: Any = None,
        query: Sequence[tuple[str, str]] = (),
        learn: Learn = nothing,
    ) -> Step:
        """A well-formed request of an administrator; ``body`` is dumped, ``path`` quoted."""
        headers = [("x-auth-token", "admin"), ("openstack-api-version", f"placement 1.{version}")]
        if body is not None:
            headers.append(("content-type", "application/json"))
        target = quote(path, safe="/%") + (f"?{urlencode(query, safe=':,!')}" if query else "")
        text = None if body is None else json.dumps(body)
        return Step(Request(method, target, tuple(headers), text), learn)
