"""Summaries of the fleet for people: what needs one, who holds the most, how full it was, who holds what of a host."""

from __future__ import annotations

import msgspec

from berth.model.claim_life import ClaimLife
from berth.model.consumer import Resources


class OverCapacity(msgspec.Struct, frozen=True):
    """A provider of which more is held than it has. host: the root of its tree."""

    provider: str
    name: str
    host: str
    host_name: str
    resource_class: str
    used: int
    capacity: int


class HostName(msgspec.Struct, frozen=True):
    """A host by its uuid and its name."""

    uuid: str
    name: str


class RefusedClaim(msgspec.Struct, frozen=True):
    """A claim that was refused. asked: in all, by class; why: one sentence.

    count: how often the same was asked and refused for the same reason; at: when last, in microseconds since 1970 UTC.
    """

    at: int
    project: str
    user: str
    asked: Resources
    why: str
    count: int = 1


class RefusedClaimList(msgspec.Struct, frozen=True):
    """The claims that were refused lately, the latest first.

    count: how many there were, with those of which only the number is known, because there were too many.
    """

    items: list[RefusedClaim]
    count: int


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """What in the fleet needs a person.

    over: the inventories that are over capacity, the worst first, up to a limit; over_count: the number of all of them;
    reserved: hosts of which everything is reserved, so that nothing can be claimed there, by name; reserved_count: the
    number of all of them.
    """

    over: list[OverCapacity]
    over_count: int
    reserved: list[HostName]
    reserved_count: int


class FreeBin(msgspec.Struct, frozen=True):
    """Hosts with at least this much free, and less than in the bin before."""

    least: int
    hosts: int


class FreeHosts(msgspec.Struct, frozen=True):
    """How many hosts have how much of a class free, all providers of a host together.

    hosts: those that have the class; bins: the powers of two that are needed, the largest first, and 0.
    """

    resource_class: str
    hosts: int
    bins: list[FreeBin]


class UserHoldings(msgspec.Struct, frozen=True):
    """What a user of a project holds of one class, with how many consumers."""

    project: str
    user: str
    consumers: int
    amount: int


class LargestUsers(msgspec.Struct, frozen=True):
    """The users who hold the most of a class, the largest first."""

    resource_class: str
    items: list[UserHoldings]


class HostHolding(ClaimLife, frozen=True):
    """What a consumer holds of one provider of a host.

    name: of the provider; since: from when the claim counts, or when it last changed; consumer_name: None without one.
    """

    provider: str
    name: str
    consumer: str
    project: str
    user: str
    type: str | None
    resources: Resources
    since: int
    consumer_name: str | None = None


class HostHoldings(msgspec.Struct, frozen=True):
    """A page of what consumers hold of a host. next: the value of `after` for the next page, None at the end."""

    items: list[HostHolding]
    next: str | None


class ClassTrend(msgspec.Struct, frozen=True):
    """What of one class was held, and could be held, at each instant of a trend; None: it is not known."""

    resource_class: str
    held: list[int | None]
    capacity: list[int | None]


class Trend(msgspec.Struct, frozen=True):
    """The classes at instants of equal distance. begin: the first of them; step: between two; in microseconds."""

    begin: int
    step: int
    classes: list[ClassTrend]


class Trends(msgspec.Struct, frozen=True):
    """How full the fleet was over the last day and the last thirty days.

    damaged: how many entries of the change log cannot be read, so that amounts of the time before them are not known;
    complete: false if some are not known yet, because the log is long: ask again later.
    """

    day: Trend
    month: Trend
    damaged: int = 0
    complete: bool = True
