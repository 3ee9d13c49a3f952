"""Every error of Berth. This is the only tree of them; the API maps it to HTTP in one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from berth.model.aggregate_errors import AggregateNameTaken, AggregateNotFound
from berth.model.claim_errors import (
    HOLDER_FIELDS,
    AllocationProviderNotFound,
    AllocationsNotFound,
    CannotAllocate,
    CapacityExceeded,
    ConsumerGenerationConflict,
    InventoryMissing,
    NothingFits,
    UnitsViolated,
)
from berth.model.consumer import Holder, Resources
from berth.model.consumer_errors import ConsumerAmbiguous, ConsumerNotFound
from berth.model.drain_errors import DrainedAbove, ProviderDrained
from berth.model.error_kinds import (
    MOST_NAMED,
    BerthError,
    Conflict,
    DatabaseUnusable,
    Failed,
    Forbidden,
    Invalid,
    LedgerClosed,
    NotBerth,
    NotFound,
    Refusal,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from berth.model.hold_errors import DoesNotJoin, HoldLapsed, HoldTooLong, InvalidTerm, NoEnd, NotHeld, NotPending
from berth.model.lease_errors import LeaseEnded, LeaseExists, LeaseNotFound
from berth.model.names import parse_uuid
from berth.model.plural import plural
from berth.model.reconcile_errors import CannotUndo, NothingAlive, PlanOutdated, ReconcileTooLarge
from berth.model.report_errors import ReportTooLong
from berth.model.token_errors import TokenExists, TokenNotFound, TokensUnused

__all__ = [
    "MOST_NAMED",
    "AggregateNameTaken",
    "AggregateNotFound",
    "AllocationProviderNotFound",
    "AllocationsNotFound",
    "BerthError",
    "CannotAllocate",
    "CannotUndo",
    "CapacityExceeded",
    "Conflict",
    "ConsumerAmbiguous",
    "ConsumerGenerationConflict",
    "ConsumerNotFound",
    "DatabaseUnusable",
    "DoesNotJoin",
    "DrainedAbove",
    "Failed",
    "Forbidden",
    "HoldLapsed",
    "HoldTooLong",
    "Invalid",
    "InvalidTerm",
    "InventoryMissing",
    "LeaseEnded",
    "LeaseExists",
    "LeaseNotFound",
    "LedgerClosed",
    "NoEnd",
    "NotBerth",
    "NotFound",
    "NotHeld",
    "NotPending",
    "NothingAlive",
    "NothingFits",
    "PlanOutdated",
    "ProviderDrained",
    "ReconcileTooLarge",
    "Refusal",
    "ReportTooLong",
    "TokenExists",
    "TokenNotFound",
    "TokensUnused",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnitsViolated",
]


class ChangesGone(Refusal):
    """These changes were moved from the log into an archive. first: the number of the first change still in the log."""

    def __init__(self, first: int) -> None:
        super().__init__(
            f"The change log now begins with change {first}: read the ledger again, then follow the log from there."
        )
        self.first = first


class LogReset(Refusal):
    """The change log does not continue where the reader stopped: it has another history, or begins later."""

    def __init__(self, head: int) -> None:
        super().__init__(
            f"The change log does not continue from there: read the ledger again, then follow it from change {head}."
        )
        self.head = head


class ProviderNotFound(NotFound):
    """There is no provider with this uuid or name."""

    def __init__(self, uuid: str) -> None:
        what = f"uuid {uuid}" if parse_uuid(uuid) else f"name {uuid!r}"
        super().__init__(f"No resource provider with {what} found")
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


class ParentNotFound(Invalid):
    """The requested parent of a provider does not exist. parent: as it was given."""

    def __init__(self, parent: str = "") -> None:
        super().__init__(f"parent provider UUID does not exist.{parent and f' There is no {parent}.'}")
        self.parent = parent


class ParentIsSelf(Invalid):
    """A provider cannot be its own parent."""

    def __init__(self, uuid: str = "") -> None:
        self.uuid = uuid
        super().__init__("parent provider UUID cannot be same as UUID. Leave the parent out for a root.")


class NothingMatches(NotFound):
    """No provider matches the filter: none with an inventory of the class, if there is one in it."""

    def __init__(self, resource_class: str = "") -> None:
        of = resource_class and f" with an inventory of class {resource_class}"
        super().__init__(f"No provider{of} matches.")
        self.resource_class = resource_class


class TreeLoop(Invalid):
    """A provider cannot become a child of one of its own descendants."""

    def __init__(self, uuid: str = "", parent: str = "") -> None:
        below = f" {parent} is below {uuid}." if parent and parent != uuid else ""
        super().__init__(f"creating loop in the provider tree is not allowed.{below}")
        self.uuid, self.parent = uuid, parent


class ReparentingForbidden(Invalid):
    """A provider cannot move from one parent to another in this version (before Placement 1.37). parent: it has."""

    def __init__(self, uuid: str = "", parent: str = "") -> None:
        super().__init__("re-parenting a provider is not currently allowed.")
        self.uuid, self.parent = uuid, parent


class UnparentingForbidden(Invalid):
    """A provider cannot become a root in this version (before Placement 1.37). parent: the one that it has."""

    def __init__(self, uuid: str = "", parent: str = "") -> None:
        super().__init__("un-parenting a provider is not currently allowed.")
        self.uuid, self.parent = uuid, parent


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

    def __init__(self, provider: str, resource_class: str, *, may_equal: bool, reserved: int, total: int) -> None:
        bound = "greater than" if may_equal else "greater than or equal to"
        super().__init__(
            f"Invalid inventory for '{resource_class}' on resource provider '{provider}'. "
            f"The reserved value is {bound} total. {reserved} are reserved of {total}."
        )
        self.provider, self.resource_class = provider, resource_class
        self.reserved, self.total = reserved, total


class UnitsContradict(Invalid):
    """The min_unit of an inventory exceeds its max_unit, so that no amount could ever be claimed."""

    def __init__(self, provider: str, resource_class: str, min_unit: int, max_unit: int) -> None:
        super().__init__(
            f"Invalid inventory for '{resource_class}' on resource provider '{provider}'. "
            f"The min_unit is greater than the max_unit. They are {min_unit} and {max_unit}."
        )
        self.provider, self.resource_class = provider, resource_class
        self.min_unit, self.max_unit = min_unit, max_unit


class ReshapedProviderNotFound(Invalid):
    """A reshape names a provider that does not exist."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Resource provider {uuid} in inventories not found")
        self.uuid = uuid


class ProviderExists(Conflict):
    """Another provider has this uuid or this name. field, value: which; uuid, name: of the provider that has it."""

    def __init__(self, field: str, value: str, uuid: str = "", name: str = "", *, why: str = "") -> None:
        who = f" Its name is {name}." if field == "uuid" else f" Its uuid is {uuid}."
        if why:
            who = f"{who[:-1]}: {why}."
        super().__init__(f"Conflicting resource provider {field}: {value} already exists.{who if uuid else ''}")
        self.field, self.value, self.uuid, self.name = field, value, uuid, name


class ProviderHasChildren(Conflict):
    """A provider with children cannot be deleted. children: the first few, by uuid; child_count: how many there are."""

    def __init__(self, uuid: str, children: Iterable[str] = (), child_count: int = 0) -> None:
        self.uuid, self.children, self.child_count = uuid, tuple(children), child_count
        listed = _list_of("child", "children", self.children, child_count)
        super().__init__(f"Unable to delete parent resource provider {uuid}: It has child resource providers.{listed}")


class InUse(Conflict):
    """Consumers hold what should be removed. used: amounts by class; holders: the first few, with what they hold.

    holder_count: how many there are, counted up to 1,000. Both are left out if the caller may not see them.
    """

    FIELDS: ClassVar[dict[str, Any]] = HOLDER_FIELDS
    holders: tuple[Holder, ...] = ()
    holder_count: int | None = None

    def __init__(self, text: str, used: Resources | None = None) -> None:
        held = ", ".join(f"{amount:,} {name}" for name, amount in (used or {}).items())
        super().__init__(f"{text} Held: {held}." if held else text)
        self.used = used or {}


class ProviderInUse(InUse):
    """A provider with allocations cannot be deleted. used: amounts by class; holders, holder_count: as of in-use."""

    def __init__(self, uuid: str, used: Resources | None = None) -> None:
        super().__init__("Resource provider has allocations.", used)
        self.uuid = uuid


class TreeInUse(InUse):
    """A tree with allocations cannot be deleted. providers: the first few that have some; provider_count: of all.

    used: amounts by class; holders, holder_count: as of in-use.
    """

    def __init__(self, uuid: str, providers: Iterable[str], used: Resources | None = None) -> None:
        in_use = tuple(providers)
        self.uuid, self.providers, self.provider_count = uuid, in_use[:MOST_NAMED], len(in_use)
        listed = _list_of("provider", "providers", self.providers, self.provider_count)
        super().__init__(f"Resource provider {uuid} or one below it has allocations.{listed}", used)


class CapacityBelowUse(Conflict):
    """Providers would have less capacity than consumers hold. providers: the first few; provider_count: of all."""

    def __init__(self, resource_class: str, providers: Iterable[str]) -> None:
        below = tuple(providers)
        self.resource_class, self.providers, self.provider_count = resource_class, below[:MOST_NAMED], len(below)
        listed = _list_of("provider", "providers", self.providers, self.provider_count)
        capacity = plural(self.provider_count, "provider would have", "providers would have")
        super().__init__(f"{capacity} less {resource_class} than consumers hold.{listed}")


class GenerationConflict(Conflict):
    """The provider has changed since the caller read it."""

    def __init__(self, provider: str, actual: int, given: int) -> None:
        super().__init__(
            f"resource provider generation conflict for provider {provider}: actual: {actual}, given: {given}"
        )
        self.provider, self.actual, self.given = provider, actual, given


class InventoryExists(Conflict):
    """The provider already has an inventory of this class."""

    def __init__(self, provider: str, resource_class: str) -> None:
        super().__init__(f"Resource provider {provider} has an inventory of class {resource_class} already.")
        self.provider, self.resource_class = provider, resource_class


class InventoryInUse(InUse):
    """An inventory with allocations cannot be removed. used: amounts by class; holders, holder_count: as of in-use."""

    def __init__(self, provider: str, resource_classes: Iterable[str], used: Resources | None = None) -> None:
        self.provider, self.resource_classes = provider, tuple(resource_classes)
        super().__init__(
            f"Inventory for '{', '.join(self.resource_classes)}' on resource provider '{provider}' in use.", used
        )


class ClassExists(Conflict):
    """A resource class of this name already exists."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Resource class {name} already exists.")
        self.name = name


class ClassInUse(Conflict):
    """A resource class with inventories cannot be deleted. providers: the first few; provider_count: of all."""

    def __init__(self, name: str, providers: Iterable[str] = (), provider_count: int = 0) -> None:
        self.name, self.providers, self.provider_count = name, tuple(providers), provider_count
        listed = _list_of("provider", "providers", self.providers, provider_count)
        super().__init__(f"Cannot delete resource class {name}. Class is in use in inventory.{listed}")


class TraitInUse(Conflict):
    """A trait that a provider has cannot be deleted. providers: the first few; provider_count: of all."""

    def __init__(self, name: str, providers: Iterable[str] = (), provider_count: int = 0) -> None:
        self.name, self.providers, self.provider_count = name, tuple(providers), provider_count
        listed = _list_of("provider", "providers", self.providers, provider_count)
        super().__init__(f"The trait {name} is in use by a resource provider.{listed}")


class KeyReused(Refusal):
    """The idempotency key was sent before with another command or another body."""

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request: choose a new key for each.")


def _list_of(one: str, many: str, first: tuple[str, ...], count: int) -> str:
    """Return a sentence with the first of some uuids and the number of the others; "" if there are none."""
    if not first:
        return ""
    more = f" and {count - len(first):,} more" if count > len(first) else ""
    return f" {(many if count > 1 else one).capitalize()}: {', '.join(first)}{more}."
