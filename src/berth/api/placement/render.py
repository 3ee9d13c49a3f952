"""The ledger's values as JSON values, in the form of the newest version."""

from __future__ import annotations

from typing import Any

from berth.api.http.json_body import taken
from berth.fleet.checked import Check, checked
from berth.model.candidate import Candidates
from berth.model.consumer import ConsumerAllocations, ProviderAllocations, TypeUsage
from berth.model.inventory import Inventory
from berth.model.names import UNKNOWN_TYPE
from berth.model.provider import InventoryUsage, Provider, ProviderInventories

_RELATIONS = ("inventories", "usages", "aggregates", "traits", "allocations")


def provider_path(uuid: str) -> str:
    """Return the path of a provider."""
    return f"/resource_providers/{uuid}"


def provider(it: Provider) -> dict[str, Any]:
    """Return a provider with its links."""
    path = provider_path(it.uuid)
    links = [{"rel": "self", "href": path}]
    links += ({"rel": relation, "href": f"{path}/{relation}"} for relation in _RELATIONS)
    return {
        "uuid": it.uuid,
        "name": it.name,
        "generation": it.generation,
        "links": links,
        "parent_provider_uuid": it.parent,
        "root_provider_uuid": it.root,
    }


def inventory(it: Inventory | InventoryUsage) -> dict[str, Any]:
    """Return the fields of one inventory."""
    return {
        "total": it.total,
        "reserved": it.reserved,
        "min_unit": it.min_unit,
        "max_unit": it.max_unit,
        "step_size": it.step_size,
        "allocation_ratio": it.allocation_ratio,
    }


def inventories(it: ProviderInventories) -> dict[str, Any]:
    """Return all inventories of a provider."""
    return {
        "resource_provider_generation": it.generation,
        "inventories": {name: inventory(stocked) for name, stocked in it.inventories.items()},
    }


def resource_class(name: str) -> dict[str, Any]:
    """Return a resource class with its link."""
    return {"name": name, "links": [{"rel": "self", "href": f"/resource_classes/{name}"}]}


def consumer_allocations(it: ConsumerAllocations | None) -> dict[str, Any]:
    """Return a consumer's allocations; without any, nothing else about it."""
    if it is None:
        return {"allocations": {}}
    return {
        "allocations": {
            held.provider: {"resources": held.resources, "generation": held.provider_generation} for held in it.held
        },
        "project_id": it.consumer.project,
        "user_id": it.consumer.user,
        "consumer_generation": it.consumer.generation,
        "consumer_type": it.consumer.type or UNKNOWN_TYPE,
    }


def provider_allocations(it: ProviderAllocations) -> dict[str, Any]:
    """Return the allocations of a provider."""
    return {
        "allocations": {
            holder.consumer.uuid: {
                "resources": holder.resources,
                "consumer_generation": holder.consumer.generation,
            }
            for holder in it.holders
        },
        "resource_provider_generation": it.generation,
    }


def usages_by_type(usages: list[TypeUsage]) -> dict[str, Any]:
    """Return a project's usage, by type of consumer."""
    return {
        "usages": {
            usage.type or UNKNOWN_TYPE: {**usage.resources, "consumer_count": usage.consumers}
            for usage in usages
            if usage.resources
        }
    }


def candidates(it: Candidates, check: Check) -> dict[str, Any]:
    """Return the candidates of a request, which are taken out of `it`. check: called now and then."""
    return {
        "allocation_requests": [
            {
                "allocations": {uuid: {"resources": resources} for uuid, resources in candidate.allocations.items()},
                "mappings": candidate.mappings,
            }
            for candidate in checked(taken(it.candidates), check)
        ],
        "provider_summaries": {
            uuid: {
                "resources": summary.resources,
                "traits": summary.traits,
                "parent_provider_uuid": summary.parent,
                "root_provider_uuid": summary.root,
            }
            for uuid, summary in checked(taken(it.summaries), check)
        },
    }
