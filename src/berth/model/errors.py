"""Every way in which Berth says no. The tree is drawn here once; the API maps it to HTTP once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from berth.model.funnel import Funnel


class BerthError(Exception):
    """Anything that Berth itself raises."""


class Unavailable(BerthError):
    """The ledger cannot answer now: its database is away, or others kept writing first. Asking again is safe."""


class DatabaseUnusable(BerthError):
    """The database cannot be opened as a ledger: not a database, read-only, made by a newer Berth, or full."""


class LedgerClosed(BerthError):
    """This program has closed the ledger, and goes on using it."""


class Refusal(BerthError):
    """A question or a command was understood and refused. Nothing has changed."""


class Invalid(Refusal):
    """What was asked makes no sense, whatever the ledger holds."""


class NotFound(Refusal):
    """What was asked for does not exist."""


class Conflict(Refusal):
    """What was asked makes sense, but not against what the ledger holds now."""


class ProviderNotFound(NotFound):
    """There is no provider with this uuid."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"No resource provider with uuid {uuid} found")
        self.uuid = uuid


class ClassNotFound(NotFound):
    """There is no resource class of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No such resource class {name}.")
        self.name = name


class TraitsNotFound(NotFound):
    """There are no traits of these names."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(f"No such trait(s): {', '.join(self.names)}.")


class InventoryNotFound(NotFound):
    """The provider has no inventory of this class."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(f"No inventory of class {resource_class} found.")
        self.provider, self.resource_class = provider, resource_class


class AllocationsNotFound(NotFound):
    """The consumer holds nothing."""

    def __init__(self, consumer: str) -> None:
        super().__init__(f"No allocations for consumer '{consumer}'")
        self.consumer = consumer


class ParentNotFound(Invalid):
    """The parent that a provider is to be put under does not exist."""

    def __init__(self) -> None:
        super().__init__("parent provider UUID does not exist.")


class ParentIsSelf(Invalid):
    """A provider cannot be its own parent."""

    def __init__(self) -> None:
        super().__init__("parent provider UUID cannot be same as UUID. Leave the parent out for a root.")


class TreeLoop(Invalid):
    """A provider cannot be put under one of its own descendants."""

    def __init__(self) -> None:
        super().__init__("creating loop in the provider tree is not allowed.")


class ReparentingForbidden(Invalid):
    """The caller's rules do not let a provider move from one parent to another (before Placement 1.37)."""

    def __init__(self) -> None:
        super().__init__("re-parenting a provider is not currently allowed.")


class UnparentingForbidden(Invalid):
    """The caller's rules do not let a provider become a root (before Placement 1.37)."""

    def __init__(self) -> None:
        super().__init__("un-parenting a provider is not currently allowed.")


class NameRequired(Invalid):
    """A provider needs a name."""

    def __init__(self) -> None:
        super().__init__("name is required")


class InvalidName(Invalid):
    """A custom name is not made of CUSTOM_ and A-Z, 0-9, _ (at most 255 characters)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is no custom name: it must start with CUSTOM_ and use A-Z, 0-9 and _ only")
        self.name = name


class InvalidAmount(Invalid):
    """An inventory's or an allocation's number is outside of what its field can hold."""


class StandardName(Invalid):
    """A standard resource class or trait cannot be renamed or deleted."""

    def __init__(self, verb: str, kind: str, name: str) -> None:
        super().__init__(f"Cannot {verb} standard {kind} {name}.")
        self.name = name


class ReservedExceedsTotal(Invalid):
    """More of an inventory is reserved than there is (or, before Placement 1.26, as much)."""

    def __init__(self, provider: str, resource_class: str, *, may_equal: bool) -> None:
        bound = "greater than" if may_equal else "greater than or equal to"
        super().__init__(
            f"Invalid inventory for '{resource_class}' on resource provider '{provider}'. "
            f"The reserved value is {bound} total."
        )
        self.provider, self.resource_class = provider, resource_class


class AllocationProviderNotFound(Invalid):
    """A claim names a provider that does not exist."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Allocation for resource provider '{uuid}' that does not exist.")
        self.uuid = uuid


class ReshapedProviderNotFound(Invalid):
    """A reshape names a provider that does not exist."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Resource provider {uuid} in inventories not found")
        self.uuid = uuid


class ProviderExists(Conflict):
    """Another provider has this uuid or this name."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"Conflicting resource provider {field}: {value} already exists.")
        self.field, self.value = field, value


class ProviderHasChildren(Conflict):
    """A provider with children cannot be deleted."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Unable to delete parent resource provider {uuid}: It has child resource providers.")
        self.uuid = uuid


class ProviderInUse(Conflict):
    """A provider that somebody holds part of cannot be deleted."""

    def __init__(self, uuid: str) -> None:
        super().__init__("Resource provider has allocations.")
        self.uuid = uuid


class GenerationConflict(Conflict):
    """The provider has changed since the caller looked at it."""

    def __init__(self, provider: str, actual: int, given: int) -> None:
        super().__init__(
            f"resource provider generation conflict for provider {provider}: actual: {actual}, given: {given}"
        )
        self.provider, self.actual, self.given = provider, actual, given


class ConsumerGenerationConflict(Conflict):
    """The consumer has changed since the caller looked at it."""

    def __init__(self, consumer: str, expected: int | None, got: int | None) -> None:
        wanted = "null" if expected is None else expected
        super().__init__(f"consumer generation conflict - expected {wanted} but got {got}")
        self.consumer, self.expected, self.got = consumer, expected, got


class InventoryExists(Conflict):
    """The provider has an inventory of this class already."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(f"Resource provider {provider} has an inventory of class {resource_class} already.")
        self.provider, self.resource_class = provider, resource_class


class InventoryInUse(Conflict):
    """Somebody holds part of an inventory that was to go."""

    def __init__(self, provider: str, resource_classes: Iterable[str]) -> None:
        self.provider, self.resource_classes = provider, tuple(resource_classes)
        super().__init__(
            f"Inventory for '{', '.join(self.resource_classes)}' on resource provider '{provider}' in use."
        )


class CannotAllocate(Conflict):
    """A claim does not fit. The kinds below say why."""

    def __init__(self, provider: str, resource_classes: Iterable[str], why: str) -> None:
        self.provider, self.resource_classes = provider, tuple(resource_classes)
        super().__init__(why)


class InventoryMissing(CannotAllocate):
    """The provider has nothing of the class that a claim wants from it."""

    def __init__(self, provider: str, resource_classes: Iterable[str]) -> None:
        wanted = tuple(resource_classes)
        super().__init__(
            provider, wanted, f"Inventory for '{', '.join(wanted)}' on resource provider '{provider}' invalid."
        )


class UnitsViolated(CannotAllocate):
    """The amount is below min_unit, above max_unit or no multiple of step_size."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(
            provider,
            (resource_class,),
            f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            "The requested amount would violate inventory constraints.",
        )


class CapacityExceeded(CannotAllocate):
    """The provider has less room than was asked for."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(
            provider,
            (resource_class,),
            f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            "The requested amount would exceed the capacity.",
        )


class NothingFits(Conflict):
    """Nowhere is room for what a request asks for, as it asks for it.

    bounded: the search gave up before its end, so there may be room all the same; funnel: what each
    constraint took away, None where nobody has looked.
    """

    FIELDS: ClassVar[dict[str, type]] = {"funnel": Funnel}

    def __init__(self, *, bounded: bool = False, funnel: Funnel | None = None) -> None:
        super().__init__("Nothing fits." if funnel is None else funnel.why)
        self.bounded, self.funnel = bounded, funnel


class ClassExists(Conflict):
    """There is a resource class of this name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Resource class {name} already exists.")
        self.name = name


class ClassInUse(Conflict):
    """A resource class with inventories cannot be deleted."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Cannot delete resource class {name}. Class is in use in inventory.")
        self.name = name


class TraitInUse(Conflict):
    """A trait that some provider has cannot be deleted."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The trait {name} is in use by a resource provider.")
        self.name = name


class Forbidden(Refusal):
    """Whoever asks may not do this to that."""


class Unauthenticated(Refusal):
    """Nobody is known by what whoever asks has shown: a token is missing, wrong or has ended."""


class TooManyRequests(Refusal):
    """Whoever asks has asked too often: later they may again."""


class NotBerth(BerthError):
    """What answers at an address is not Berth, or not a version of it that this client understands."""


class Failed(BerthError):
    """Berth failed on a request, and its log says how."""


class TokenNotFound(NotFound):
    """There is no API token of this name, or it was revoked."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no API token {name} that is still good.")
        self.name = name


class TokensUnused(Conflict):
    """The server lets nobody in by API tokens, so it makes none."""


class TokenExists(Conflict):
    """There is, or was, an API token of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is, or was, an API token {name} already: names are not used twice.")
        self.name = name
