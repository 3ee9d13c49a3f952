"""Links of providers in answers, for the versions that changed them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from berth.api.placement.schemas import Schema
from berth.api.placement.versions.change import Answer, SchemaChange

PROVIDER_OPERATIONS: Final = ("providers.list", "providers.create", "providers.show", "providers.update")


def providers_of(answer: Answer) -> Iterable[dict[str, Any]]:
    """Yield every provider in an answer."""
    if answer.payload is None:
        return ()
    found: Iterable[dict[str, Any]] = answer.payload.get("resource_providers", (answer.payload,))
    return found


def drop_link(answer: Answer, relation: str) -> None:
    """Remove one kind of link."""
    for provider in providers_of(answer):
        provider["links"] = [link for link in provider["links"] if link["rel"] != relation]


def without_relation(relation: str) -> SchemaChange:
    """Return a function that removes one kind of link from the schema of a link."""

    def step(schema: Schema) -> Schema:
        kinds = [each for each in schema["properties"]["rel"]["enum"] if each != relation]
        return {**schema, "properties": {**schema["properties"], "rel": {"enum": kinds}}}

    return step
