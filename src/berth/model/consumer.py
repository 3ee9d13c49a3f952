"""Consumers, and what they hold."""

from __future__ import annotations

import enum

import msgspec

from berth.model.claim_life import ClaimLife, ClaimState

Resources = dict[str, int]
"""Amounts by resource class."""


class Consumer(msgspec.Struct, frozen=True):
    """A virtual machine, a job, a reservation.

    generation: the number of its writes; project, user: its owner; type: None if never given; name: None without one.
    """

    uuid: str
    generation: int
    project: str
    user: str
    type: str | None
    name: str | None = None


class Owner(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who a consumer belongs to, as the logs keep it. type: of the consumer, None if never given."""

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
    """The holders of one provider. generation: the provider's."""

    generation: int
    holders: list[Holder]
    updated_at: int


class TypeUsage(msgspec.Struct, frozen=True):
    """What a project's consumers of one type hold together. type: None for consumers without one."""

    type: str | None
    consumers: int
    resources: Resources


class ConsumerOrder(enum.StrEnum):
    """The order in which consumers are listed.

    OLDEST: those first that hold something the longest, however it has changed; LARGEST: by the amount they hold of one
    class at the first page, descending. A consumer that is there while pages are read comes exactly once, however often
    its amount changes.
    """

    UUID = "uuid"
    OLDEST = "oldest"
    LARGEST = "largest"


class ConsumerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which consumers to list. All given conditions must hold.

    type: "unknown" for consumers without one; provider: the uuid of a provider that they hold some of;
    resource_class: a class that they hold some of (of that provider, if one is given); LARGEST needs it. state: PENDING
    or CONFIRMED, None: both; due: only those whose claims end or lapse within this time, in seconds; None: all.
    name, uuid: the beginning of the name, of the uuid; text: a part of the name or of the note, in capitals or not.
    """

    project: str = ""
    user: str = ""
    type: str = ""
    provider: str = ""
    resource_class: str = ""
    order: ConsumerOrder = ConsumerOrder.UUID
    state: ClaimState | None = None
    due: int | None = None
    name: str = ""
    uuid: str = ""
    text: str = ""


class ConsumerItem(ClaimLife, frozen=True):
    """A consumer in a list. resources: totals over all providers; updated_at: microseconds since 1970.

    name, note: None if it has none.
    """

    uuid: str
    project: str
    user: str
    type: str | None
    generation: int
    updated_at: int
    resources: Resources
    name: str | None = None
    note: str | None = None


class ConsumerPage(msgspec.Struct, frozen=True):
    """A page of consumers. next: the value of `after` for the next page, None at the end.

    total: how many match in all, counted with the first page, None on the others; bounded: whether counting ended at a
    bound, so that there may be more.
    """

    items: list[ConsumerItem]
    next: str | None
    total: int | None = None
    bounded: bool = False


class ConsumerDetails(ClaimLife, frozen=True):
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
    name: str | None = None
    note: str | None = None


class TypeTotals(msgspec.Struct, frozen=True):
    """What the consumers of one type hold together."""

    consumers: int
    resources: Resources


class ProjectItem(msgspec.Struct, frozen=True):
    """What a project holds. by_type: "unknown" for consumers without a type.

    resources, by_type: empty where only the numbers of consumers were asked for.
    """

    project: str
    consumers: int
    resources: Resources
    by_type: dict[str, TypeTotals]


class ProjectPage(msgspec.Struct, frozen=True):
    """A page of projects, by name. next: the value of `after` for the next page, None at the end.

    total, bounded: as of ConsumerPage.
    """

    items: list[ProjectItem]
    next: str | None
    total: int | None = None
    bounded: bool = False
