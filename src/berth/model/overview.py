"""Views of a fleet: totals, a map, pages of providers, and their queries."""

from __future__ import annotations

import enum

import msgspec

from berth.model.candidate import ResourceUsage
from berth.model.consumer import Resources
from berth.model.drain_state import DrainState


class ClassOverview(msgspec.Struct, frozen=True):
    """What all providers have of one class; capacity: what can be claimed in total; largest_free: on one provider.

    pending: what of the used amount is held and not confirmed yet; drained: what is free on drained providers, which
    take no new claims: largest_free is that of the others.
    """

    name: str
    providers: int
    total: int
    reserved: int
    capacity: int
    used: int
    largest_free: int
    pending: int = 0
    drained: int = 0


class Overview(msgspec.Struct, frozen=True):
    """Totals of a fleet. traits, aggregates: how many are in use; roots: the number of trees.

    drained: how many providers were drained, themselves and not because of one above them.
    """

    head: int
    providers: int
    roots: int
    classes: list[ClassOverview]
    traits: int
    aggregates: int
    drained: int = 0


class GroupBy(enum.StrEnum):
    """What the cells of a map stand for. AUTO: hosts while there are few, otherwise groups of hosts."""

    AUTO = "auto"
    HOSTS = "hosts"
    AGGREGATES = "aggregates"
    NAMES = "names"


class MapQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which hosts to draw, and how. A host is a root provider with its whole tree.

    classes: the classes to report (none: the eight that most providers have); within: the id of a group of another map;
    name: a part of the host's name, ignoring case; trait, aggregate (a uuid or a name): that some provider of the tree
    has or is in; room: amounts by class that an unsuffixed group could get there; mark: uuids of providers whose
    hosts count as marked; limit: the most cells.
    """

    classes: tuple[str, ...] = ()
    by: GroupBy = GroupBy.AUTO
    within: str = ""
    name: str = ""
    trait: str = ""
    aggregate: str = ""
    room: Resources = {}
    mark: tuple[str, ...] = ()
    limit: int | None = None


class MapCell(msgspec.Struct, frozen=True):
    """A host or a group of hosts.

    id: the host's uuid, or what `within` takes; used, capacity: by class; marked: how many of the hosts are
    marked; pending: what of the used amounts is held and not confirmed yet, by class; rack: of a host, the name of its
    rack, else of the first of its aggregates that has a name.
    """

    id: str
    name: str
    hosts: int
    providers: int
    used: Resources
    capacity: Resources
    marked: int = 0
    pending: Resources = {}
    rack: str = ""


class FleetMap(msgspec.Struct, frozen=True):
    """A fleet, or the selected part of it, as cells ordered by name.

    level: "hosts" or "groups"; groups_of: what the hosts are grouped by, "" for hosts; total_hosts: the number
    of hosts in all cells, including those that the limit left out.
    """

    head: int
    level: str
    groups_of: str
    total_hosts: int
    cells: list[MapCell]


class ProviderOrder(enum.StrEnum):
    """The order in which providers are listed. OLDEST: in which they were created; CHANGED: the last changed first.

    FULLEST: by the share of the capacity that is held, the largest first: of the class that the filter names, else of
    the class of which each is fullest.
    """

    OLDEST = "oldest"
    NAME = "name"
    CHANGED = "changed"
    FULLEST = "fullest"


class ProviderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which providers to show, each judged alone. All given conditions must hold.

    name: a part of the name, ignoring case; uuid: the beginning of the uuid; aggregate: a uuid or a name;
    resource_class: a class that it has an inventory of; room: amounts by class that one claim could get; root: the uuid
    of the root of its tree; drained: only those that were drained themselves.
    """

    name: str = ""
    uuid: str = ""
    trait: str = ""
    aggregate: str = ""
    resource_class: str = ""
    room: Resources = {}
    root: str = ""
    drained: bool = False


class ProviderItem(msgspec.Struct, frozen=True):
    """A provider in a list, with capacity and use by class; pending: what of that is not confirmed yet.

    drain: why it takes no new claims, null if it does.
    """

    uuid: str
    name: str
    generation: int
    parent: str | None
    root: str
    created_at: int
    updated_at: int
    resources: dict[str, ResourceUsage]
    pending: Resources = {}
    drain: DrainState | None = None


class ProviderPage(msgspec.Struct, frozen=True):
    """A page of providers, in the order that was asked for.

    next: the value of `after` for the next page, None at the end; total: how many match in all.
    """

    items: list[ProviderItem]
    next: str | None
    total: int | None = None


class InventoryDetails(msgspec.Struct, frozen=True):
    """An inventory with its capacity (what can be claimed in total) and its use (what is held).

    pending: what of the used amount is not confirmed yet.
    """

    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float
    capacity: int
    used: int
    pending: int = 0


class TreeNode(msgspec.Struct, frozen=True):
    """A provider as a part of its tree. pending: what of the used amounts is not confirmed yet.

    drained: whether it takes no new claims, because it or one above it is drained.
    """

    uuid: str
    name: str
    parent: str | None
    resources: dict[str, ResourceUsage]
    pending: Resources = {}
    drained: bool = False


class ProviderDetails(msgspec.Struct, frozen=True):
    """One provider with everything it has, and its whole tree, parents before their children.

    aggregate_names: the names of those of its aggregates that have one, by uuid as in `aggregates`; drain: why it takes
    no new claims, null if it does.
    """

    uuid: str
    name: str
    generation: int
    parent: str | None
    root: str
    created_at: int
    updated_at: int
    inventories: dict[str, InventoryDetails]
    traits: list[str]
    aggregates: list[str]
    tree: list[TreeNode]
    aggregate_names: dict[str, str] = {}
    drain: DrainState | None = None


class NameInUse(msgspec.Struct, frozen=True):
    """A trait, resource class or aggregate, and how many providers have it (or are in it)."""

    name: str
    providers: int
