"""Placement's names for the rules of its operations, as in its policy files and documents."""

from __future__ import annotations

from typing import Final

_PROVIDERS: Final = "placement:resource_providers"

RULE_NAMES: Final = {
    "providers.list": f"{_PROVIDERS}:list",
    "providers.create": f"{_PROVIDERS}:create",
    "providers.show": f"{_PROVIDERS}:show",
    "providers.update": f"{_PROVIDERS}:update",
    "providers.delete": f"{_PROVIDERS}:delete",
    "inventories.list": f"{_PROVIDERS}:inventories:list",
    "inventories.create": f"{_PROVIDERS}:inventories:create",
    "inventories.replace": f"{_PROVIDERS}:inventories:update",
    "inventories.clear": f"{_PROVIDERS}:inventories:delete",
    "inventory.show": f"{_PROVIDERS}:inventories:show",
    "inventory.update": f"{_PROVIDERS}:inventories:update",
    "inventory.delete": f"{_PROVIDERS}:inventories:delete",
    "provider_usages.show": f"{_PROVIDERS}:usages",
    "aggregates.show": f"{_PROVIDERS}:aggregates:list",
    "aggregates.set": f"{_PROVIDERS}:aggregates:update",
    "provider_traits.show": f"{_PROVIDERS}:traits:list",
    "provider_traits.set": f"{_PROVIDERS}:traits:update",
    "provider_traits.clear": f"{_PROVIDERS}:traits:delete",
    "provider_allocations.show": f"{_PROVIDERS}:allocations:list",
    "classes.list": "placement:resource_classes:list",
    "classes.create": "placement:resource_classes:create",
    "classes.show": "placement:resource_classes:show",
    "classes.rename": "placement:resource_classes:update",
    "classes.ensure": "placement:resource_classes:update",
    "classes.delete": "placement:resource_classes:delete",
    "traits.list": "placement:traits:list",
    "traits.show": "placement:traits:show",
    "traits.ensure": "placement:traits:update",
    "traits.delete": "placement:traits:delete",
    "candidates.list": "placement:allocation_candidates:list",
    "allocations.post": "placement:allocations:manage",
    "allocations.show": "placement:allocations:list",
    "allocations.put": "placement:allocations:update",
    "allocations.delete": "placement:allocations:delete",
    "reshape": "placement:reshaper:reshape",
    "project_usages.show": "placement:usages",
}
"""The rule of each operation that needs one. Placement has one rule where Berth has two, in four places."""
