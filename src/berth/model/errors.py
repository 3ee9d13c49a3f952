"""Every error of Berth. This is the only tree of them; the API maps it to HTTP in one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from berth.model.funnel import Funnel


class BerthError(Exception):
    """Any error that Berth raises."""


class Unavailable(BerthError):
    """The ledger cannot answer now: its database is unreachable or busy. It is safe to try again."""


class DatabaseUnusable(BerthError):
    """The database cannot be opened as a ledger: not a database, read-only, made by a newer Berth, or full."""


class LedgerClosed(BerthError):
    """The ledger was used after this program closed it."""


class Refusal(BerthError):
    """A query or a command was understood and refused. Nothing has changed."""


class Invalid(Refusal):
    """The request is invalid, independently of the state of the ledger."""


class NotFound(Refusal):
    """The requested object does not exist."""


class Conflict(Refusal):
    """The request is valid but conflicts with the current state of the ledger."""


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
    """The requested parent of a provider does not exist."""

    def __init__(self) -> None:
        super().__init__("parent provider UUID does not exist.")


class ParentIsSelf(Invalid):
    """A provider cannot be its own parent."""

    def __init__(self) -> None:
        super().__init__("parent provider UUID cannot be same as UUID. Leave the parent out for a root.")


class TreeLoop(Invalid):
    """A provider cannot become a child of one of its own descendants."""

    def __init__(self) -> None:
        super().__init__("creating loop in the provider tree is not allowed.")


class ReparentingForbidden(Invalid):
    """A provider cannot move from one parent to another in this version (before Placement 1.37)."""

    def __init__(self) -> None:
        super().__init__("re-parenting a provider is not currently allowed.")


class UnparentingForbidden(Invalid):
    """A provider cannot become a root in this version (before Placement 1.37)."""

    def __init__(self) -> None:
        super().__init__("un-parenting a provider is not currently allowed.")


class NameRequired(Invalid):
    """A provider needs a name."""

    def __init__(self) -> None:
        super().__init__("name is required")


class InvalidName(Invalid):
    """A custom name must be CUSTOM_ followed by A-Z, 0-9 and _ (at most 255 characters)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is not a custom name: it must start with CUSTOM_ and use A-Z, 0-9 and _ only")
        self.name = name


class InvalidAmount(Invalid):
    """A number of an inventory or an allocation is out of range."""


class StandardName(Invalid):
    """A standard resource class or trait cannot be renamed or deleted."""

    def __init__(self, verb: str, kind: str, name: str) -> None:
        super().__init__(f"Cannot {verb} standard {kind} {name}.")
        self.name = name


class ReservedExceedsTotal(Invalid):
    """The reserved amount exceeds the total (or, before Placement 1.26, equals it)."""

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
    """A provider with allocations cannot be deleted."""

    def __init__(self, uuid: str) -> None:
        super().__init__("Resource provider has allocations.")
        self.uuid = uuid


class GenerationConflict(Conflict):
    """The provider has changed since the caller read it."""

    def __init__(self, provider: str, actual: int, given: int) -> None:
        super().__init__(
            f"resource provider generation conflict for provider {provider}: actual: {actual}, given: {given}"
        )
        self.provider, self.actual, self.given = provider, actual, given


class ConsumerGenerationConflict(Conflict):
    """The consumer has changed since the caller read it."""

    def __init__(self, consumer: str, expected: int | None, got: int | None) -> None:
        wanted = "null" if expected is None else expected
        super().__init__(f"consumer generation conflict - expected {wanted} but got {got}")
        self.consumer, self.expected, self.got = consumer, expected, got


class InventoryExists(Conflict):
    """The provider already has an inventory of this class."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(f"Resource provider {provider} has an inventory of class {resource_class} already.")
        self.provider, self.resource_class = provider, resource_class


class InventoryInUse(Conflict):
    """An inventory with allocations cannot be removed."""

    def __init__(self, provider: str, resource_classes: Iterable[str]) -> None:
        self.provider, self.resource_classes = provider, tuple(resource_classes)
        super().__init__(
            f"Inventory for '{', '.join(self.resource_classes)}' on resource provider '{provider}' in use."
        )


class CannotAllocate(Conflict):
    """A claim does not fit. Its subtypes give the reason."""

    def __init__(self, provider: str, resource_classes: Iterable[str], why: str) -> None:
        self.provider, self.resource_classes = provider, tuple(resource_classes)
        super().__init__(why)


class InventoryMissing(CannotAllocate):
    """The provider has no inventory of a class that a claim needs from it."""

    def __init__(self, provider: str, resource_classes: Iterable[str]) -> None:
        wanted = tuple(resource_classes)
        super().__init__(
            provider, wanted, f"Inventory for '{', '.join(wanted)}' on resource provider '{provider}' invalid."
        )


class UnitsViolated(CannotAllocate):
    """The amount is below min_unit, above max_unit or not a multiple of step_size."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(
            provider,
            (resource_class,),
            f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            "The requested amount would violate inventory constraints.",
        )


class CapacityExceeded(CannotAllocate):
    """The provider has less free capacity than was requested."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(
            provider,
            (resource_class,),
            f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            "The requested amount would exceed the capacity.",
        )


class NothingFits(Conflict):
    """No provider tree can satisfy the request.

    bounded: the search was cut short, so something might fit all the same; funnel: what each constraint
    removed, None if that was not computed.
    """

    FIELDS: ClassVar[dict[str, type]] = {"funnel": Funnel}

    def __init__(self, *, bounded: bool = False, funnel: Funnel | None = None) -> None:
        super().__init__("Nothing fits." if funnel is None else funnel.why)
        self.bounded, self.funnel = bounded, funnel


class ClassExists(Conflict):
    """A resource class of this name already exists."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Resource class {name} already exists.")
        self.name = name


class ClassInUse(Conflict):
    """A resource class with inventories cannot be deleted."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Cannot delete resource class {name}. Class is in use in inventory.")
        self.name = name


class TraitInUse(Conflict):
    """A trait that a provider has cannot be deleted."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The trait {name} is in use by a resource provider.")
        self.name = name


class Forbidden(Refusal):
    """The caller is not allowed to do this."""


class Unauthenticated(Refusal):
    """Authentication failed: the token is missing, invalid or expired."""


class TooManyRequests(Refusal):
    """The caller has sent too many requests. Try again later."""


class NotBerth(BerthError):
    """The server at this address is not Berth, or not a version that this client supports."""


class Failed(BerthError):
    """Berth failed on a request; its log has the details."""


class TokenNotFound(NotFound):
    """No API token of this name exists, or it was revoked."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No valid API token {name} exists.")
        self.name = name


class TokensUnused(Conflict):
    """The server does not accept API tokens, so it issues none."""


class TokenExists(Conflict):
    """An API token of this name exists or has existed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"An API token {name} exists or has existed: names cannot be used again.")
        self.name = name
