"""Consumers: whoever holds something."""

from __future__ import annotations

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


class Held(msgspec.Struct, frozen=True):
    """What one consumer holds of one provider."""

    provider: str
    provider_generation: int
    resources: Resources


class ConsumerAllocations(msgspec.Struct, frozen=True):
    """Everything that one consumer holds. updated_at: microseconds since 1970 UTC."""

    consumer: Consumer
    held: list[Held]
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
