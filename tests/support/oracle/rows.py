"""A world as sorted rows, to be compared with the contents of a database."""

from __future__ import annotations

from typing import Any

from tests.support.oracle.world import World

Rows = dict[str, list[list[Any]]]


def rows(world: World) -> Rows:
    """All that is known, by kind: in the order and with the columns of the statements in placement_worker.py."""
    providers = world.providers.items()
    return in_order(
        {
            "providers": [
                [uuid, each.name, each.generation, each.parent, world.root(uuid)] for uuid, each in providers
            ],
            "inventories": [
                [uuid, name, *(getattr(had, field) for field in had.__struct_fields__)]
                for uuid, provider in providers
                for name, had in provider.inventories.items()
            ],
            "traits": [[uuid, name] for uuid, provider in providers for name in provider.traits],
            "aggregates": [[uuid, name] for uuid, provider in providers for name in provider.aggregates],
            "consumers": [
                [uuid, each.generation, each.project, each.user, each.type] for uuid, each in world.consumers.items()
            ],
            "allocations": [
                [consumer, uuid, name, amount]
                for consumer, holder in world.consumers.items()
                for uuid, resources in holder.held.items()
                for name, amount in resources.items()
            ],
            "custom": [[name] for name in (*world.custom_traits, *world.custom_classes)],
        }
    )


def in_order(every: Rows) -> Rows:
    """The same rows, sorted."""
    return {name: sorted(each, key=str) for name, each in every.items()}
