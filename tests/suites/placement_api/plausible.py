"""Makes generated requests plausible: what looks like a uuid or a name becomes one that the world knows, mostly."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from tests.support.cases.placement_world import NEWEST, World

PROVIDERS = ("host", "node", "device", "disk", "spare")
CONSUMERS = ("vm", "job", "guest", "nobody")
UUID_LIKE = re.compile(r"[0-9a-fA-F-]{36}")
CLASS_LIKE = re.compile(r"[A-Z0-9_]+")


class Plausible:
    """Replaces parts of one request by the toss of one die."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.dice = world, Random(seed)
        self.about = self.dice.choice(PROVIDERS)

    def path(self, template: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Parameters of a path. A provider in it is the one that the generation in the body will be of."""
        name = self.trait if template.startswith("/traits") else self.resource_class
        known: dict[str, Callable[[], str]] = {
            "uuid": lambda: self.world.uuid(self.about),
            "consumer_uuid": self.consumer,
            "resource_class": self.resource_class,
            "name": lambda: self.dice.choice([name(), f"CUSTOM_{self.dice.randint(1, 3)}"]),
        }
        return {name: known[name]() if self.dice.random() < 0.8 else value for name, value in parameters.items()}

    def query(self, template: str, parameters: dict[str, Any]) -> dict[str, Any]:
        asked = {name: self._asked(name, value) for name, value in parameters.items()}
        if template == "/allocation_candidates" and self.dice.random() < 0.7:
            asked |= {"resources": f"{self.resource_class()}:1", "group_policy": "none"}
            asked.pop("same_subtree", None)
        if template == "/allocation_candidates" and self.world.minor < 25:
            asked.pop("group_policy", None)
        return asked

    def body(self, value: Any, name: str = "") -> Any:
        """A body in which uuids and names are known ones and numbers are small, where that may be."""
        if isinstance(value, dict):
            return {self._key(key, name): self.body(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._text(item, name) if isinstance(item, str) else self.body(item, name) for item in value]
        if isinstance(value, str):
            return self._text(value, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if name == "resource_provider_generation" and self.dice.random() < 0.6:
            return self._generation()
        if name.endswith("generation"):
            return self.dice.choice([0, 1, 2, 3, value])
        return self.dice.choice([1, 2, 8, value])

    def provider(self) -> str:
        return self.world.uuid(self.dice.choice(PROVIDERS))

    def consumer(self) -> str:
        return self.world.uuid(self.dice.choice(CONSUMERS))

    def resource_class(self) -> str:
        return self.dice.choice(["VCPU", "MEMORY_MB", "DISK_GB", "VGPU", self.world.named("CUSTOM_SLOT_{minor}")])

    def trait(self) -> str:
        return self.dice.choice(["HW_CPU_X86_AVX2", "STORAGE_DISK_SSD", self.world.named("CUSTOM_FAST_{minor}")])

    def _generation(self) -> int:
        shown = self.world.ask("GET", f"/resource_providers/{{{self.about}}}", minor=NEWEST).json()
        found: int = shown.get("generation", 0)  # 0: it has been deleted by now
        return found

    def _key(self, key: str, name: str) -> str:
        if UUID_LIKE.fullmatch(key):
            return self.consumer() if not name else self.provider()
        if CLASS_LIKE.fullmatch(key) and name in ("resources", "inventories"):
            return self.resource_class()
        return key

    def _text(self, value: str, name: str) -> str:
        if name == "traits":
            return self.trait()
        if name == "resource_class":
            return self.resource_class()
        if UUID_LIKE.fullmatch(value) and self.dice.random() < 0.7:
            return self.world.uuid("rack") if name == "aggregates" else self.provider()
        return value

    def _asked(self, name: str, value: Any) -> Any:
        if self.dice.random() < 0.05:
            return value
        kind = re.sub("(resources|required|member_of|in_tree).*", r"\1", name)
        return self._value(kind, value)

    def _value(self, kind: str, value: Any) -> Any:
        rack = self.world.uuid("rack")
        forms: dict[str, list[Any]] = {
            "resources": [f"{self.resource_class()}:{self.dice.randint(1, 3)}", "VCPU:1,DISK_GB:2"],
            "required": [self.trait(), f"!{self.trait()}", f"in:{self.trait()},{self.trait()}"],
            "root_required": [self.trait(), f"!{self.trait()}"],
            "member_of": [rack, f"in:{rack},{self.provider()}", f"!{self.provider()}"],
            "in_tree": [self.provider()],
            "uuid": [self.provider()],
            "limit": ["1", "2", "1000000"],
            "project_id": [self.world.named("project-{minor}")],
        }
        return self.dice.choice(forms.get(kind, [value]))
