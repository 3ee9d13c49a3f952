"""Small fleets written by hand, for unit tests: slots and uuids follow from the order and names of the providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from berth.fleet.state.apply import apply
from berth.fleet.state.fleet import Fleet
from berth.model.change import CatalogueEntry, Change, Facts, NameKind, ProviderFact
from berth.model.inventory import Inventory
from berth.model.names import SHARES_VIA_AGGREGATE

FIRST_PROVIDER_ID = 1000
"""Ids of providers begin here, those of names below."""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """A provider and everything it has; parent: a name; aggregates: any strings."""

    name: str
    parent: str | None = None
    traits: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    inventories: Mapping[str, Inventory] = field(default_factory=dict)

    @property
    def uuid(self) -> str:
        return uuid_of(self.name)


def provider(
    name: str,
    parent: str | None = None,
    *,
    traits: Iterable[str] = (),
    aggregates: Iterable[str] = (),
    used: Mapping[str, int] | None = None,
    **inventories: Inventory | int,
) -> ProviderSpec:
    """Describe a provider; an inventory is given by its class, as an Inventory or as its total."""
    whole = {name: Inventory(each) if isinstance(each, int) else each for name, each in inventories.items()}
    return ProviderSpec(name, parent, tuple(traits), tuple(aggregates), used or {}, whole)


def sharing(name: str, aggregate: str, *, traits: Iterable[str] = (), **inventories: Inventory | int) -> ProviderSpec:
    """Describe a provider that shares with the members of an aggregate."""
    shares = (SHARES_VIA_AGGREGATE, *traits)
    return provider(name, None, traits=shares, aggregates=(aggregate,), used=None, **inventories)


def uuid_of(name: str) -> str:
    """Return the uuid of the provider with this name."""
    return str(uuid5(NAMESPACE_OID, name))


def small_fleet(*specs: ProviderSpec, classes: Iterable[str] = (), traits: Iterable[str] = ()) -> Fleet:
    """Build a fleet of these providers, in slots 0, 1, ...; classes, traits: names that exist but are not used."""
    fleet = Fleet()
    apply(fleet, Change(1, 0, "everything", "", "", facts_of(specs, classes, traits)))
    return fleet


def facts_of(specs: Iterable[ProviderSpec], classes: Iterable[str] = (), traits: Iterable[str] = ()) -> Facts:
    """Return the facts that make these providers out of nothing."""
    specs = list(specs)
    parents = {spec.name: spec.parent for spec in specs}
    return Facts(
        names=catalogue_of(specs, classes, traits),
        providers=[_provider_fact(number, spec, parents) for number, spec in enumerate(specs, FIRST_PROVIDER_ID)],
        inventories={spec.uuid: dict(spec.inventories) for spec in specs},
        traits={spec.uuid: list(spec.traits) for spec in specs},
        aggregates={spec.uuid: list(spec.aggregates) for spec in specs},
        used={spec.uuid: dict(spec.used) for spec in specs},
    )


def catalogue_of(
    specs: Iterable[ProviderSpec], classes: Iterable[str] = (), traits: Iterable[str] = ()
) -> list[CatalogueEntry]:
    """Number the names that these providers use: classes, then traits, then aggregates, each in order of appearance."""
    specs = list(specs)
    named = [
        *((NameKind.CLASS, name) for spec in specs for name in spec.inventories),
        *((NameKind.CLASS, name) for name in classes),
        *((NameKind.TRAIT, name) for spec in specs for name in spec.traits),
        *((NameKind.TRAIT, name) for name in traits),
        *((NameKind.AGGREGATE, name) for spec in specs for name in spec.aggregates),
    ]
    return [CatalogueEntry(kind, number, name, 0) for number, (kind, name) in enumerate(dict.fromkeys(named), 1)]


def names_at(fleet: Fleet, slots: Any) -> list[str]:
    """Return the names of the providers in these slots: a mask over all slots, or slots in any order."""
    given = np.asarray(slots)
    numbers = np.flatnonzero(given) if given.dtype == np.bool_ else given
    return [fleet.names[slot] for slot in numbers.tolist()]


def _provider_fact(number: int, spec: ProviderSpec, parents: Mapping[str, str | None]) -> ProviderFact:
    root = spec.name
    while (above := parents[root]) is not None:
        root = above
    parent = None if spec.parent is None else uuid_of(spec.parent)
    return ProviderFact(number, spec.uuid, spec.name, 0, parent, uuid_of(root), 0, 0)
