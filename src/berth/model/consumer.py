"""Consumers: whoever holds something."""

from __future__ import annotations

import enum

import msgspec

Resources = dict[str, int]
"""Amounts by resource class."""


class Consumer(msgspec.Struct, frozen=True):
    """A virtual machine, a job, a reservation.

    generation: counts its writes, 1 after the first; project, user: whose it is; type: None if never told.
    """

    uuid: str
    generation: int
    project: str
    user: str
    type: str | None


class ProviderHolding(msgspec.Struct, frozen=True):
    """What one consumer holds of one provider."""

    provider: str
    provider_generation: int
    resources: Resources


class ConsumerAllocations(msgspec.Struct, frozen=True):
    """Everything that one consumer holds. updated_at: microseconds since 1970 UTC."""

    consumer: Consumer
    held: list[ProviderHolding]
    updated_at: int


class Holder(msgspec.Struct, frozen=True):
    """One consumer's part of a provider."""

    consumer: Consumer
    resources: Resources


class ProviderAllocations(msgspec.Struct, frozen=True):
    """Who holds what of one provider."""

    generation: int
    holders: list[Holder]
    updated_at: int


class TypeUsage(msgspec.Struct, frozen=True):
    """What a project's consumers of one type hold together. type: None for those that never told theirs."""

    type: str | None
    consumers: int
    resources: Resources


class ConsumerOrder(enum.StrEnum):
    """In which order consumers are listed. LARGEST: by how much they hold of one class, the most first."""

    UUID = "uuid"
    OLDEST = "oldest"
    LARGEST = "largest"


class ConsumerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which consumers to list. Everything given must hold.

    type: "unknown" for those that never told theirs; provider: the uuid of one that they hold a part of;
    resource_class: one that they hold some of (of that provider, if one is given), which LARGEST needs.
    """

    project: str = ""
    user: str = ""
    type: str = ""
    provider: str = ""
    resource_class: str = ""
    order: ConsumerOrder = ConsumerOrder.UUID


class ConsumerItem(msgspec.Struct, frozen=True):
    """A consumer in a list. resources: what it holds of all providers together; updated_at: microseconds since 1970."""

    uuid: str
    project: str
    user: str
    type: str | None
    generation: int
    updated_at: int
    resources: Resources


class ConsumerPage(msgspec.Struct, frozen=True):
    """Some consumers; next: what `after` takes to go on, None at the end."""

    items: list[ConsumerItem]
    next: str | None


class ConsumerDetails(msgspec.Struct, frozen=True):
    """One consumer with all that it holds, by provider and class, and the generations of those providers."""

    uuid: str
    project: str
    user: str
    type: str | None
    generation: int
    updated_at: int
    resources: Resources
    allocations: dict[str, Resources]
    provider_generations: dict[str, int]


class TypeTotals(msgspec.Struct, frozen=True):
    """What some consumers hold together."""

    consumers: int
    resources: Resources


class ProjectItem(msgspec.Struct, frozen=True):
    """What a project holds. by_type: "unknown" for the consumers that never told theirs."""

    project: str
    consumers: int
    resources: Resources
    by_type: dict[str, TypeTotals]


class ProjectPage(msgspec.Struct, frozen=True):
    """Some projects by name; next: what `after` takes to go on, None at the end."""

    items: list[ProjectItem]
    next: str | None
