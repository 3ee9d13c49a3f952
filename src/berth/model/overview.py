"""A fleet as people look at it: in sum, as a map, page by page; and what can be asked of such looks."""

from __future__ import annotations

import enum

import msgspec

from berth.model.candidate import ResourceUsage
from berth.model.consumer import Resources


class ClassOverview(msgspec.Struct, frozen=True):
    """What all providers have of one class; capacity: what can be claimed in all; largest_free: on one provider."""

    name: str
    providers: int
    total: int
    reserved: int
    capacity: int
    used: int
    largest_free: int


class Overview(msgspec.Struct, frozen=True):
    """A whole fleet in a few numbers. traits, aggregates: how many of them some provider has; roots: trees."""

    head: int
    providers: int
    roots: int
    classes: list[ClassOverview]
    traits: int
    aggregates: int


class GroupBy(enum.StrEnum):
    """What the cells of a map stand for; AUTO: hosts while there are few, else groups of them."""

    AUTO = "auto"
    HOSTS = "hosts"
    AGGREGATES = "aggregates"
    NAMES = "names"


class MapQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which hosts to draw, and how. A host is a root provider with its whole tree.

    classes: whose numbers to give (none: the eight that most providers have); within: the id of a group of another map;
    name: a part of the host's name in upper or lower case; trait, aggregate: what some provider of the tree has or
    is in; room: amounts by class that an unsuffixed group could be given there; mark: uuids of providers
    whose hosts are to be counted as marked; limit: the most cells.
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

    id: the host's uuid, or what `within` takes; used, capacity: by class; marked: how many of the hosts were asked
    to be marked.
    """

    id: str
    name: str
    hosts: int
    providers: int
    used: Resources
    capacity: Resources
    marked: int = 0


class FleetMap(msgspec.Struct, frozen=True):
    """A fleet, or the part that was asked for, as cells by name.

    level: "hosts" or "groups"; groups_of: what groups are made by, "" for hosts; total_hosts: how many
    there are in all cells, and in those that the limit left out.
    """

    head: int
    level: str
    groups_of: str
    total_hosts: int
    cells: list[MapCell]


class ProviderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which providers to show, each by itself. Everything given must hold.

    name: a part of the name in upper or lower case; uuid: its beginning; resource_class: one that it
    has an inventory of; room: amounts by class that one claim could take of it; root: the uuid of the root of its tree.
    """

    name: str = ""
    uuid: str = ""
    trait: str = ""
    aggregate: str = ""
    resource_class: str = ""
    room: Resources = {}
    root: str = ""


class ProviderItem(msgspec.Struct, frozen=True):
    """A provider in a list, with what can be claimed of it in all and what is held, by class."""

    uuid: str
    name: str
    generation: int
    parent: str | None
    root: str
    created_at: int
    updated_at: int
    resources: dict[str, ResourceUsage]


class ProviderPage(msgspec.Struct, frozen=True):
    """Some providers in the order in which they were made; next: what `after` takes to go on, None at the end."""

    items: list[ProviderItem]
    next: str | None


class InventoryDetails(msgspec.Struct, frozen=True):
    """An inventory with what follows from it: capacity, what can be claimed in all, and used, what is held."""

    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float
    capacity: int
    used: int


class TreeNode(msgspec.Struct, frozen=True):
    """A provider as a part of its tree."""

    uuid: str
    name: str
    parent: str | None
    resources: dict[str, ResourceUsage]


class ProviderDetails(msgspec.Struct, frozen=True):
    """One provider with all that it has, and its whole tree, parents before their children."""

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


class NameInUse(msgspec.Struct, frozen=True):
    """A trait, resource class or aggregate, and how many providers have it (or are in it)."""

    name: str
    providers: int
