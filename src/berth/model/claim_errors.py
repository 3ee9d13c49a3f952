"""The errors of claims: why a consumer cannot hold what it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from berth.model.consumer import Holder, Resources
from berth.model.ended_consumer import ClaimEnd
from berth.model.error_kinds import Conflict, Invalid, NotFound
from berth.model.funnel import Funnel

HOLDER_FIELDS: dict[str, Any] = {"holders": tuple[Holder, ...]}
"""The types of the fields that name holders."""


class AllocationsNotFound(NotFound):
    """The consumer holds nothing. ended: why and when its last claim ended, if Berth ended it in the last days."""

    FIELDS: ClassVar[dict[str, Any]] = {"ended": ClaimEnd}

    def __init__(self, consumer: str, ended: ClaimEnd | None = None) -> None:
        super().__init__(f"No allocations for consumer '{consumer}'{'' if ended is None else f': {ended}'}")
        self.consumer, self.ended = consumer, ended


class AllocationProviderNotFound(Invalid):
    """A claim names a provider that does not exist."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Allocation for resource provider '{uuid}' that does not exist.")
        self.uuid = uuid


class ConsumerGenerationConflict(Conflict):
    """The consumer has changed since the caller read it. expected: its generation now, null if it holds nothing.

    holds: what it holds, by provider and class; project, user: its owner.
    """

    def __init__(
        self,
        consumer: str,
        expected: int | None,
        got: int | None,
        holds: dict[str, Resources] | None = None,
        owner: tuple[str, str] | None = None,
    ) -> None:
        wanted, given = ("null" if each is None else each for each in (expected, got))
        why = ""
        if expected is None:
            why = ": the consumer holds nothing"
        elif got is None:
            why = ": the consumer is not new"
        super().__init__(f"consumer generation conflict - expected {wanted} but got {given}{why}")
        self.consumer, self.expected, self.got = consumer, expected, got
        self.holds = holds or {}
        self.project, self.user = owner or ("", "")


class CannotAllocate(Conflict):
    """A claim does not fit. Its subtypes give the reason."""

    def __init__(self, provider: str, resource_classes: Iterable[str], why: str) -> None:
        self.provider, self.resource_classes = provider, tuple(resource_classes)
        super().__init__(why)


class InventoryMissing(CannotAllocate):
    """The provider has no inventory of a class that a claim needs from it. available: the classes that it has."""

    def __init__(self, provider: str, resource_classes: Iterable[str], available: Iterable[str] = ()) -> None:
        wanted = tuple(resource_classes)
        self.available = tuple(available)
        has = f" It has {', '.join(self.available)}." if self.available else ""
        super().__init__(
            provider, wanted, f"Inventory for '{', '.join(wanted)}' on resource provider '{provider}' invalid.{has}"
        )


class UnitsViolated(CannotAllocate):
    """The amount is below min_unit, above max_unit or not a multiple of step_size. rule, value: which of them."""

    def __init__(self, provider: str, resource_class: str, rule: str, value: int, amount: int | None = None) -> None:
        self.rule, self.value, self.amount = rule, value, amount
        super().__init__(
            provider,
            (resource_class,),
            f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            f"The requested amount would violate inventory constraints. {_broken_rule(rule, value, amount)}.",
        )


class CapacityExceeded(CannotAllocate):
    """The provider has less free capacity than was requested. free: the largest possible amount; capacity: in total.

    used: what all consumers hold of the class; holders, holder_count: as of in-use.
    """

    FIELDS: ClassVar[dict[str, Any]] = HOLDER_FIELDS
    holders: tuple[Holder, ...] = ()
    holder_count: int | None = None

    def __init__(
        self, provider: str, resource_class: str, *, amount: int = 0, free: int = 0, capacity: int = 0, used: int = 0
    ) -> None:
        self.amount, self.free, self.capacity, self.used = amount, free, capacity, used
        super().__init__(
            provider,
            (resource_class,),
            f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            f"The requested amount would exceed the capacity. {amount} requested, {free} of {capacity} free.",
        )


class NothingFits(Conflict):
    """No provider tree can satisfy the request.

    bounded: the search reached its limit, so something might fit; funnel: what each constraint
    removed, None if that was not computed.
    """

    FIELDS: ClassVar[dict[str, Any]] = {"funnel": Funnel}

    def __init__(self, *, bounded: bool = False, funnel: Funnel | None = None) -> None:
        super().__init__("Nothing fits." if funnel is None else funnel.why)
        self.bounded, self.funnel = bounded, funnel


def _broken_rule(rule: str, value: int, amount: int | None) -> str:
    if amount is None:
        return f"The {rule} is {value}"
    relation = {"min_unit": "below the", "max_unit": "above the"}.get(rule, "not a multiple of the")
    return f"{amount} is {relation} {rule} of {value}"
