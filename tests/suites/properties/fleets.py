"""Fleets in memory, built from an oracle's world without a database."""

from __future__ import annotations

from berth.fleet.state.apply import apply
from berth.fleet.state.fleet import Fleet
from berth.model.change import CatalogueEntry, Change, Facts, NameKind, ProviderFact
from berth.model.drain_state import DrainFact
from berth.model.names import SHARES_VIA_AGGREGATE
from tests.suites.properties.name_pools import AGGREGATES, CLASSES, TRAITS
from tests.support.oracle.world import World


def fleet_of(world: World) -> Fleet:
    """Return the fleet with the contents of this world."""
    pools = (
        (NameKind.CLASS, CLASSES),
        (NameKind.TRAIT, (*TRAITS, SHARES_VIA_AGGREGATE)),
        (NameKind.AGGREGATE, AGGREGATES),
    )
    names = [(kind, name) for kind, pool in pools for name in pool]
    uuids = sorted(world.providers, key=lambda uuid: len(world.line(uuid)))
    facts = Facts(
        names=[CatalogueEntry(kind, number, name, 0) for number, (kind, name) in enumerate(names, 1)],
        providers=[fact(world, uuid, number) for number, uuid in enumerate(uuids, len(names) + 1)],
        inventories={uuid: provider.inventories for uuid, provider in world.providers.items()},
        traits={uuid: sorted(provider.traits) for uuid, provider in world.providers.items()},
        aggregates={uuid: sorted(provider.aggregates) for uuid, provider in world.providers.items()},
        used={
            uuid: {name: world.used(uuid, name) for name in provider.inventories}
            for uuid, provider in world.providers.items()
        },
        drains=dict.fromkeys(sorted(world.drained), DrainFact(1, "ada")),
    )
    fleet = Fleet()
    apply(fleet, Change(1, 0, "everything", "", "", facts))
    return fleet


def fact(world: World, uuid: str, number: int) -> ProviderFact:
    provider = world.providers[uuid]
    return ProviderFact(number, uuid, provider.name, provider.generation, provider.parent, world.root(uuid), 0, 0)
