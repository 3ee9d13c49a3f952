"""The responses of each operation in the newest version: statuses, bodies, headers. Older versions are derived from it.

Bodies are named parts, so that a version says in one place what it changed in all answers that show the part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from berth.api.http.openapi import part
from berth.api.placement import error_codes
from berth.api.placement.schemas import CLASS_KEY, Schema, closed

UUID: Final[Schema] = {"type": "string", "format": "uuid"}
STRING: Final[Schema] = {"type": "string"}
AGGREGATE: Final[Schema] = {
    "type": "string",
    "description": "The uuid of an aggregate, as it was given: perhaps without dashes or in capitals.",
    "minLength": 1,
    "maxLength": 36,
}
WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
AMOUNT: Final[Schema] = {"type": "integer", "minimum": 1}
AMOUNTS: Final[Schema] = {"type": "object", "patternProperties": {CLASS_KEY: AMOUNT}, "additionalProperties": False}


BOUNDED: Final = "berth-bounded"
"""The header of a search that was cut short, so that there may be more candidates. Placement has none."""


@dataclass(frozen=True, slots=True)
class ResponseShape:
    """One response of an operation.

    part: the name of its body in PARTS, None for no body; located: with a Location header; dated:
    with Last-Modified and Cache-Control since 1.15; searched: perhaps with BOUNDED or a Link.
    """

    status: int
    part: str | None = None
    located: bool = False
    dated: bool = False
    searched: bool = False


@dataclass(frozen=True, slots=True)
class Replies:
    """The responses of an operation that succeeds. conflicts: whether it may answer 409 instead."""

    shapes: tuple[ResponseShape, ...]
    conflicts: bool = False


def _all(**properties: Schema) -> Schema:
    """Return the schema of an object with exactly these properties."""
    return closed(properties, tuple(properties))


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _by_uuid(value: Schema) -> Schema:
    return {"type": "object", "propertyNames": {"format": "uuid"}, "additionalProperties": value}


def _by_class(value: Schema) -> Schema:
    return {"type": "object", "patternProperties": {CLASS_KEY: value}, "additionalProperties": False}


_NUMBERS: Final[Schema] = {
    "total": AMOUNT,
    "reserved": WHOLE,
    "min_unit": AMOUNT,
    "max_unit": AMOUNT,
    "step_size": AMOUNT,
    "allocation_ratio": {"type": "number", "minimum": 0},
}
_CODES: Final = sorted(value for name, value in vars(error_codes).items() if name.isupper())

PARTS: Final[dict[str, Schema]] = {
    "Versions": _all(
        versions=_list(
            _all(
                id=STRING,
                min_version=STRING,
                max_version=STRING,
                status=STRING,
                links=_list(_all(rel=STRING, href=STRING)),
            )
        )
    ),
    "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Refusals": _all(errors={**_list(part("Refusal")), "minItems": 1}),
    "Refusal": closed(
        {
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "title": STRING,
            "detail": STRING,
            "code": {"type": "string", "enum": _CODES},
            "request_id": STRING,
            "min_version": STRING,
            "max_version": STRING,
        },
        ("status", "title", "detail", "request_id"),
    ),
    # --- Providers and what they have ---
    "Provider": _all(
        uuid=UUID,
        name=STRING,
        generation=WHOLE,
        links=_list(part("ProviderLink")),
        parent_provider_uuid={"anyOf": [UUID, {"type": "null"}]},
        root_provider_uuid=UUID,
    ),
    "ProviderLink": _all(
        rel={"enum": ["self", "inventories", "usages", "aggregates", "traits", "allocations"]}, href=STRING
    ),
    "Providers": _all(resource_providers=_list(part("Provider"))),
    "Inventory": _all(**_NUMBERS),
    "ProviderInventory": _all(**_NUMBERS, resource_provider_generation=WHOLE),
    "ProviderInventories": _all(inventories=_by_class(part("Inventory")), resource_provider_generation=WHOLE),
    "ProviderUsages": _all(usages=_by_class(WHOLE), resource_provider_generation=WHOLE),
    "ProviderAggregates": _all(aggregates=_list(AGGREGATE), resource_provider_generation=WHOLE),
    "ProviderTraits": _all(traits=_list(STRING), resource_provider_generation=WHOLE),
    "ProviderAllocations": _all(allocations=_by_uuid(part("Holder")), resource_provider_generation=WHOLE),
    "Holder": _all(resources=AMOUNTS, consumer_generation=WHOLE),
    # --- Names ---
    "ResourceClass": _all(name=STRING, links=_list(_all(rel=STRING, href=STRING))),
    "ResourceClasses": _all(resource_classes=_list(part("ResourceClass"))),
    "Traits": _all(traits=_list(STRING)),
    # --- Claims ---
    "Allocations": {"anyOf": [_all(allocations={"type": "object", "maxProperties": 0}), part("Consumer")]},
    "Consumer": _all(
        allocations=_by_uuid(_all(resources=AMOUNTS, generation=WHOLE)),
        project_id=STRING,
        user_id=STRING,
        consumer_generation=WHOLE,
        consumer_type=STRING,
    ),
    "Candidates": _all(
        allocation_requests=_list(part("AllocationRequest")), provider_summaries=_by_uuid(part("ProviderSummary"))
    ),
    "AllocationRequest": _all(
        allocations=_by_uuid(_all(resources=AMOUNTS)),
        mappings={"type": "object", "additionalProperties": _list(UUID)},
    ),
    "ProviderSummary": _all(
        resources=_by_class(_all(capacity=WHOLE, used=WHOLE)),
        traits=_list(STRING),
        parent_provider_uuid={"anyOf": [UUID, {"type": "null"}]},
        root_provider_uuid=UUID,
    ),
    "ProjectUsages": _all(
        usages={
            "type": "object",
            "additionalProperties": {
                **closed({"consumer_count": AMOUNT}, ("consumer_count",)),
                "patternProperties": {CLASS_KEY: AMOUNT},
            },
        }
    ),
}


def _shown(name: str, *, conflicts: bool = False) -> Replies:
    return Replies((ResponseShape(200, name, dated=True),), conflicts)


def _gone(*, conflicts: bool = False) -> Replies:
    return Replies((ResponseShape(204),), conflicts)


def _ensured(*, dated: bool = False) -> Replies:
    return Replies((ResponseShape(201, located=True, dated=dated), ResponseShape(204, located=True, dated=dated)))


REPLIES: Final[dict[str, Replies]] = {
    "root.show": _shown("Versions"),
    "document.show": Replies((ResponseShape(200, "Document"),)),
    "providers.list": _shown("Providers"),
    "providers.create": Replies((ResponseShape(200, "Provider", located=True, dated=True),), conflicts=True),
    "providers.show": _shown("Provider"),
    "providers.update": _shown("Provider", conflicts=True),
    "providers.delete": _gone(conflicts=True),
    "inventories.list": _shown("ProviderInventories"),
    "inventories.create": Replies((ResponseShape(201, "ProviderInventory", located=True, dated=True),), conflicts=True),
    "inventories.replace": _shown("ProviderInventories", conflicts=True),
    "inventories.clear": _gone(conflicts=True),
    "inventory.show": _shown("ProviderInventory"),
    "inventory.update": _shown("ProviderInventory", conflicts=True),
    "inventory.delete": _gone(conflicts=True),
    "provider_usages.show": _shown("ProviderUsages"),
    "aggregates.show": _shown("ProviderAggregates"),
    "aggregates.set": _shown("ProviderAggregates", conflicts=True),
    "provider_traits.show": _shown("ProviderTraits"),
    "provider_traits.set": _shown("ProviderTraits", conflicts=True),
    "provider_traits.clear": _gone(),
    "provider_allocations.show": _shown("ProviderAllocations"),
    "classes.list": _shown("ResourceClasses"),
    "classes.create": Replies((ResponseShape(201, located=True),), conflicts=True),
    "classes.show": _shown("ResourceClass"),
    "classes.rename": Replies((ResponseShape(200, "ResourceClass"),), conflicts=True),
    "classes.ensure": _ensured(),
    "classes.delete": _gone(conflicts=True),
    "traits.list": _shown("Traits"),
    "traits.show": Replies((ResponseShape(204, dated=True),)),
    "traits.ensure": _ensured(dated=True),
    "traits.delete": _gone(conflicts=True),
    "candidates.list": Replies((ResponseShape(200, "Candidates", dated=True, searched=True),)),
    "allocations.post": _gone(conflicts=True),
    "allocations.show": _shown("Allocations"),
    "allocations.put": _gone(conflicts=True),
    "allocations.delete": _gone(),
    "reshape": _gone(conflicts=True),
    "project_usages.show": _shown("ProjectUsages"),
}
