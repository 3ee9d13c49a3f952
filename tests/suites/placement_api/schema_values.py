"""Values that a JSON schema allows, about things that there are: by the toss of one die."""

from __future__ import annotations

from random import Random
from typing import Any, Final

HOST: Final = "7a5c0000-0000-4000-8000-000000000001"
DISK: Final = "7a5c0000-0000-4000-8000-000000000002"
POOL: Final = "7a5c0000-0000-4000-8000-000000000003"
SPARE: Final = "7a5c0000-0000-4000-8000-000000000004"
RACK: Final = "7a5c0000-0000-4000-8000-00000000000a"
ZONE: Final = "7a5c0000-0000-4000-8000-00000000000b"
CONSUMERS: Final = tuple(f"7a5c0000-0000-4000-8000-0000000000c{number}" for number in range(4))
PROVIDERS: Final = (HOST, DISK, POOL, SPARE)
CLASSES: Final = ("VCPU", "MEMORY_MB", "DISK_GB", "PGPU", "CUSTOM_SLOT")
TRAITS: Final = ("CUSTOM_FAST", "HW_CPU_X86_AVX2", "MISC_SHARES_VIA_AGGREGATE")
SUFFIXES: Final = ("", "_A", "_B", "1")

_NAMED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("traits", "required", "forbidden", "root_required", "root_forbidden", "trait"), TRAITS),
    **dict.fromkeys(("aggregates", "member_of", "not_member_of", "aggregate"), (RACK, ZONE)),
    **dict.fromkeys(("consumer", "consumer_uuid"), CONSUMERS),
    **dict.fromkeys(("uuid", "parent", "parent_provider_uuid", "in_tree", "root", "mappings"), PROVIDERS),
    **dict.fromkeys(("resource_class", "class", "resources", "inventories", "usages"), CLASSES),
    **dict.fromkeys(("suffix", "same_subtrees", "same_subtree"), SUFFIXES),
    **dict.fromkeys(("project", "user", "project_id", "user_id"), ("physics", "ada", "arts")),
    **dict.fromkeys(("type", "consumer_type"), ("JOB", "INSTANCE")),
    "name": ("host", "disk", "pool", "new", *CLASSES[-2:], "CUSTOM_FAST", "CUSTOM_NEW"),
}
"""What the texts below these names are mostly."""

_QUERIES: Final[dict[str, tuple[str, ...]]] = {
    "resources": ("VCPU:1", "VCPU:2,DISK_GB:10", "PGPU:1", "VCPU:9999", "CUSTOM_SLOT:1"),
    "required": ("CUSTOM_FAST", "!CUSTOM_FAST", "in:CUSTOM_FAST,HW_CPU_X86_AVX2", "CUSTOM_FAST,!HW_CPU_X86_AVX2"),
    "root_required": ("CUSTOM_FAST", "!CUSTOM_FAST"),
    "member_of": (RACK, f"in:{RACK},{ZONE}", f"!{ZONE}", f"!in:{RACK},{ZONE}"),
    "same_subtree": ("_A,_B", "1,_A"),
    "limit": ("1", "2", "1000"),
}
"""Parameters of a query whose texts have a grammar of their own."""


class SchemaValues:
    """Makes values of the schemas of one document. components: by the names that references use."""

    def __init__(self, components: dict[str, Any], dice: Random) -> None:
        self._components, self._dice = components, dice

    def value(self, schema: dict[str, Any], name: str = "", depth: int = 0) -> Any:
        """Return a value that the schema allows, mostly. name: of the property that it is for."""
        schema = self._followed(schema)
        if "enum" in schema:
            return self._dice.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self.value(self._dice.choice(schema[choice]), name, depth)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = self._dice.choice(kind)
        if kind == "object":
            return self._object(schema, name, depth)
        if kind == "array":
            count = max(schema.get("minItems", 0), self._dice.choice((0, 1, 1, 2)))
            items = [self.value(schema.get("items", {}), name, depth + 1) for _ in range(count)]
            return list({repr(item): item for item in items}.values()) if schema.get("uniqueItems") else items
        return self._simple(kind, schema, name)

    def text(self, schema: dict[str, Any], name: str) -> str:
        """Return the text of a query's parameter, or of a part of a path."""
        kind = next((each for each in _QUERIES if name == each or name.startswith((f"{each}_", f"{each}1"))), None)
        if kind is not None and self._dice.random() < 0.9:
            return self._dice.choice(_QUERIES[kind])
        found = self.value(schema, name)
        while isinstance(found, list):
            found = found[0] if found else ""
        return str(found).lower() if isinstance(found, bool) else str(found)

    def _followed(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._components[schema["$ref"].rpartition("/")[2]]
        return schema

    def _object(self, schema: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        needed = schema.get("required", ())
        chance = 0.6 if depth < 6 else 0.0
        made = {
            key: self.value(inner, key, depth + 1)
            for key, inner in schema.get("properties", {}).items()
            if key in needed or self._dice.random() < chance
        }
        patterns = list(schema.get("patternProperties", {}).items())
        if isinstance(schema.get("additionalProperties"), dict):
            patterns.append(("", schema["additionalProperties"]))
        for pattern, inner in patterns:
            for _ in range(self._dice.choice((1, 1, 2))):
                key = self._key(pattern, name)
                made[key] = self.value(inner, name if name != "allocations" else "", depth + 1)
        return made

    def _key(self, pattern: str, name: str) -> str:
        if name == "mappings":
            return self._dice.choice(SUFFIXES)
        if name in ("resources", "inventories") and "a-f" not in pattern:
            return self._dice.choice(CLASSES)
        if name in ("allocations", "inventories"):
            return self._dice.choice(PROVIDERS)
        return self._dice.choice(CONSUMERS if "a-f" in pattern else CLASSES)

    def _simple(self, kind: str, schema: dict[str, Any], name: str) -> Any:
        if kind == "null":
            return None
        if kind == "boolean":
            return self._dice.random() < 0.5
        if kind == "integer":
            return max(schema.get("minimum", 0), self._dice.choice((0, 1, 1, 2, 8, 100)))
        if kind == "number":
            return self._dice.choice((1.0, 0.5, 1.15, 16, 2))
        return self._dice.choice(_NAMED.get(name, (*PROVIDERS, *CLASSES, "some text")))
