"""JSON Schemas of version 1.0's bodies and queries, and the pieces that later versions add to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from berth.model.inventory import MAX_INT, MAX_RATIO

Schema = dict[str, Any]

UUID: Final[Schema] = {"type": "string", "format": "uuid"}
UUID_KEY: Final = "^[0-9a-fA-F-]{36}$"
CLASS_KEY: Final = "^[A-Z0-9_]+$"
CUSTOM_NAME: Final = "^CUSTOM_[A-Z0-9_]+$"
EXTERNAL_ID: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 255}


def closed(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """Return the schema of an object with these properties and no others."""
    needed: Schema = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False, **more}


def strangers_first(schema: Schema) -> Schema:
    """Return an object schema that reports unexpected properties before missing ones, as Placement does for some.

    Of equally grave faults the one whose keyword stands first is reported.
    """
    return {**{word: value for word, value in schema.items() if word != "required"}, "required": schema["required"]}


def with_property(schema: Schema, name: str, value: Schema, *, required: bool = False) -> Schema:
    """Return an object schema with one more property."""
    changed = {**schema, "properties": {**schema["properties"], name: value}}
    return {**changed, "required": [*schema.get("required", ()), name]} if required else changed


def without(*names: str) -> Callable[[Schema], Schema]:
    """Return a function that removes these properties from an object schema."""

    def step(schema: Schema) -> Schema:
        properties = {name: value for name, value in schema["properties"].items() if name not in names}
        required = [name for name in schema.get("required", ()) if name not in names]
        return {**schema, "properties": properties, "required": required}

    return step


def _whole(least: int) -> Schema:
    return {"type": "integer", "maximum": MAX_INT, "minimum": least}


GENERATION: Final[Schema] = {"type": "integer"}
PROVIDER_NAME: Final[Schema] = {"type": "string", "maxLength": 200}
PARENT: Final[Schema] = {"anyOf": [UUID, {"type": "null"}]}

CREATE_PROVIDER: Final = closed({"name": PROVIDER_NAME, "uuid": UUID}, ("name",))
UPDATE_PROVIDER: Final = closed({"name": PROVIDER_NAME}, ("name",))

_INVENTORY: Final[Schema] = {
    "resource_provider_generation": GENERATION,
    "total": _whole(1),
    "reserved": _whole(0),
    "min_unit": _whole(1),
    "max_unit": _whole(1),
    "step_size": _whole(1),
    # Not in Placement, which takes a negative ratio and then cannot say how much there is.
    "allocation_ratio": {"type": "number", "maximum": MAX_RATIO, "minimum": 0},
}
UPDATE_INVENTORY: Final = closed(_INVENTORY, ("total", "resource_provider_generation"))
CREATE_INVENTORY: Final = closed(
    {**_INVENTORY, "resource_class": {"type": "string", "pattern": CLASS_KEY}}, ("total", "resource_class")
)
SET_INVENTORIES: Final = closed(
    {
        "resource_provider_generation": GENERATION,
        "inventories": {
            "type": "object",
            "patternProperties": {CLASS_KEY: closed(_INVENTORY, ("total",))},
            "additionalProperties": False,
        },
    },
    ("resource_provider_generation", "inventories"),
)

AGGREGATES: Final[Schema] = {"type": "array", "items": UUID, "uniqueItems": True}
SET_AGGREGATES_1_19: Final = closed(
    {"resource_provider_generation": GENERATION, "aggregates": AGGREGATES},
    ("aggregates", "resource_provider_generation"),
)

NAME_CLASS: Final = closed({"name": {"type": "string", "pattern": CUSTOM_NAME, "maxLength": 255}}, ("name",))

SET_TRAITS: Final = closed(
    {"traits": {"type": "array", "items": EXTERNAL_ID}, "resource_provider_generation": GENERATION},
    ("traits", "resource_provider_generation"),
)

RESOURCES: Final[Schema] = {
    "type": "object",
    "minProperties": 1,
    "patternProperties": {CLASS_KEY: {"type": "integer", "minimum": 1}},
    "additionalProperties": False,
}
ALLOCATIONS_LIST: Final[Schema] = {
    "type": "array",
    "minItems": 1,
    "items": closed(
        {"resource_provider": strangers_first(closed({"uuid": UUID}, ("uuid",))), "resources": RESOURCES},
        ("resource_provider", "resources"),
    ),
}
ALLOCATIONS_BY_PROVIDER: Final[Schema] = {
    "type": "object",
    "minProperties": 1,
    "patternProperties": {UUID_KEY: closed({"generation": GENERATION, "resources": RESOURCES}, ("resources",))},
    "additionalProperties": False,
}
PUT_ALLOCATIONS: Final = closed({"allocations": ALLOCATIONS_LIST}, ("allocations",))

CONSUMER_GENERATION: Final[Schema] = {"type": ["integer", "null"]}
CONSUMER_TYPE: Final[Schema] = {"type": "string", "pattern": CLASS_KEY, "minLength": 1, "maxLength": 255}
MAPPINGS: Final[Schema] = {
    "type": "object",
    "minProperties": 1,
    "patternProperties": {"^([a-zA-Z0-9_-]{1,64})?$": {"type": "array", "minItems": 1, "items": UUID}},
}


def by_consumer(claim: Schema, least: int) -> Schema:
    """Return the schema of claims of several consumers, by consumer uuid."""
    return {
        "type": "object",
        "minProperties": least,
        "additionalProperties": False,
        "patternProperties": {UUID_KEY: claim},
    }


def each_claim(schema: Schema, name: str, value: Schema, *, required: bool = True) -> Schema:
    """Return a schema of claims by consumer with one more property in each claim."""
    claim = schema["patternProperties"][UUID_KEY]
    return {**schema, "patternProperties": {UUID_KEY: with_property(claim, name, value, required=required)}}


def reshaped(schema: Schema, name: str, value: Schema, *, required: bool = True) -> Schema:
    """Return a schema of a reshape with one more property in each claim."""
    claims = each_claim(schema["properties"]["allocations"], name, value, required=required)
    return with_property(schema, "allocations", claims)


def any_allocations(claim: Schema) -> Schema:
    """Return the schema of a claim that may also be empty."""
    return with_property(claim, "allocations", {**ALLOCATIONS_BY_PROVIDER, "minProperties": 0})


STRING: Final[Schema] = {"type": "string"}
LIMIT: Final[Schema] = {"type": ["integer", "string"], "pattern": "^[1-9][0-9]*$", "minimum": 1, "minLength": 1}
LIST_PROVIDERS: Final = closed({"name": STRING, "uuid": UUID})
LIST_TRAITS: Final = closed({"name": STRING, "associated": STRING})
PROJECT_USAGES: Final = closed({"project_id": EXTERNAL_ID, "user_id": EXTERNAL_ID}, ("project_id",))
ASKED_CONSUMER_TYPE: Final[Schema] = {
    "type": "string",
    "pattern": "^[A-Z0-9_]+$|^all$|^unknown$",
    "minLength": 1,
    "maxLength": 255,
}
CANDIDATES: Final = closed({"resources": STRING}, ("resources",))

NUMBERED: Final = "[1-9][0-9]*"
NAMED: Final = "[a-zA-Z0-9_-]{1,64}"


def grouped(suffix: str, *names: str) -> Schema:
    """Return the patternProperties of parameters that may have a group's suffix."""
    return {f"^{name}({suffix})?$": STRING for name in names}
