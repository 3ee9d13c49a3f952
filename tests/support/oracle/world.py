"""The state of a ledger, in plain dicts."""

from __future__ import annotations

from dataclasses import dataclass, field

from berth.model.consumer import Resources
from berth.model.inventory import Inventory
from berth.model.names import SHARES_VIA_AGGREGATE, STANDARD_CLASSES, STANDARD_TRAITS


@dataclass
class Provider:
    """A provider and everything it has. ``parent`` is a uuid, None for a root."""

    name: str
    parent: str | None = None
    generation: int = 0
    inventories: dict[str, Inventory] = field(default_factory=dict)
    traits: set[str] = field(default_factory=set)
    aggregates: set[str] = field(default_factory=set)


@dataclass
class Consumer:
    """A consumer and everything it holds, by provider."""

    project: str
    user: str
    type: str | None
    generation: int = 0
    held: dict[str, Resources] = field(default_factory=dict)


@dataclass
class World:
    """Providers and consumers by uuid, and the names that were made beside the standard ones.

    ``drained``: the providers that were drained themselves.
    """

    providers: dict[str, Provider] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)
    custom_classes: set[str] = field(default_factory=set)
    custom_traits: set[str] = field(default_factory=set)
    drained: set[str] = field(default_factory=set)

    def has_class(self, name: str) -> bool:
        """Whether there is such a resource class."""
        return name in STANDARD_CLASSES or name in self.custom_classes

    def has_trait(self, name: str) -> bool:
        """Whether there is such a trait."""
        return name in STANDARD_TRAITS or name in self.custom_traits

    def line(self, provider: str) -> list[str]:
        """The provider and all above it, upwards."""
        line = [provider]
        while (parent := self.providers[line[-1]].parent) is not None:
            line.append(parent)
        return line

    def takes_claims(self, provider: str) -> bool:
        """Whether neither the provider nor one above it is drained."""
        return self.drained.isdisjoint(self.line(provider))

    def root(self, provider: str) -> str:
        """The top of the provider's tree."""
        return self.line(provider)[-1]

    def roots(self) -> list[str]:
        """The tops of all trees."""
        return [uuid for uuid, provider in self.providers.items() if provider.parent is None]

    def tree(self, root: str) -> set[str]:
        """All providers of a tree."""
        return {uuid for uuid in self.providers if self.root(uuid) == root}

    def below(self, provider: str) -> set[str]:
        """The provider and all below it."""
        return {uuid for uuid in self.providers if provider in self.line(uuid)}

    def used(self, provider: str, resource_class: str) -> int:
        """How much of a class is held of a provider."""
        return sum(consumer.held.get(provider, {}).get(resource_class, 0) for consumer in self.consumers.values())

    def fits(self, provider: str, resource_class: str, amount: int) -> bool:
        """Whether a provider has so much of a class left."""
        inventory = self.providers[provider].inventories[resource_class]
        return self.used(provider, resource_class) + amount <= inventory.capacity

    def usable(self, root: str) -> set[str]:
        """The providers of a tree, and those that share what they have with any of them."""
        tree = self.tree(root)
        reached = set[str]().union(*(self.providers[uuid].aggregates for uuid in tree))
        return tree | {uuid for uuid in self.sharing() if self.providers[uuid].aggregates & reached}

    def sharing(self) -> set[str]:
        """The providers that share what they have, wherever they stand."""
        return {uuid for uuid, provider in self.providers.items() if SHARES_VIA_AGGREGATE in provider.traits}
