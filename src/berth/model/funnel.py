"""Funnels: what each constraint of a request removes, in the order of the search."""

from __future__ import annotations

import enum

import msgspec


class Constraint(enum.StrEnum):
    """The kinds of constraints that a request can fail on."""

    UNKNOWN_CLASS = "unknown_class"
    UNKNOWN_TRAIT = "unknown_trait"
    ROOT_REQUIRED = "root_required"
    ROOT_FORBIDDEN = "root_forbidden"
    DRAINED = "drained"
    IN_TREE = "in_tree"
    REQUIRED = "required"
    FORBIDDEN = "forbidden"
    MEMBER_OF = "member_of"
    NOT_MEMBER_OF = "not_member_of"
    CLASS = "class"
    UNITS = "units"
    ROOM = "room"
    GROUP = "group"
    ISOLATE = "isolate"
    SAME_SUBTREE = "same_subtree"
    AMOUNTS = "amounts"
    TRAITS = "traits"
    ONE_PER_TREE = "one_per_tree"


class Counted(enum.StrEnum):
    """What the numbers of a group count."""

    PROVIDERS = "providers"
    TREES = "trees"


class FunnelStep(msgspec.Struct, frozen=True, kw_only=True):
    """One constraint, and what it removed from what the previous ones had left.

    constraint: as text that continues "a provider that": "has room for 4 VCPU"; name, amount: the class,
    trait, aggregate or group that it is about, if there is just one, and the amount; without: how many trees
    would have a provider for every group if this constraint alone were dropped from all groups that have it
    (an amount with its units, a class with its amount); nearest: the amount that a provider which meets the
    other constraints could give instead: for room the largest available now, for units the nearest legal one.
    """

    constraint: str
    kind: Constraint
    name: str = ""
    amount: int = 0
    left: int
    removed: int
    without: int = 0
    nearest: int | None = None


class GroupFunnel(msgspec.Struct, frozen=True, kw_only=True):
    """What is left for one group alone.

    counted: providers for a suffixed group, which needs a single provider; trees for the unsuffixed group, which
    may use several providers of a tree and those that share with it. total: how many there are.
    """

    suffix: str
    counted: Counted
    total: int
    steps: list[FunnelStep]
    left: int


class TreeFunnel(msgspec.Struct, frozen=True, kw_only=True):
    """The number of trees (each with the providers that share with it) that have candidates for every group."""

    total: int
    steps: list[FunnelStep]
    with_all_groups: int


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """A constraint between groups that each have candidates.

    without: how many trees would fit if it were dropped, None if the request fits; bounded: whether there may be more.
    """

    constraint: str
    kind: Constraint
    without: int | None
    bounded: bool = False


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """The number of trees in which the whole request fits.

    why: the reason why the others do not; bounded: whether the search stopped early, so that there may be more.
    """

    hindrances: list[Hindrance]
    why: str
    left: int
    bounded: bool = False


class UnknownName(msgspec.Struct, frozen=True, kw_only=True):
    """A name that the ledger does not have, with the most similar names, the best match first."""

    kind: Constraint
    name: str
    nearest: list[str]


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """How a request narrows down. why: a summary in one sentence, naming the constraint that costs most."""

    groups: list[GroupFunnel]
    trees: TreeFunnel
    together: Together
    unknown: list[UnknownName]
    why: str


def shown_suffix(suffix: str) -> str:
    """Return the name of a group as people type it: without the underscore that Placement wants before a name."""
    return suffix.removeprefix("_")


def group_name(*suffixes: str) -> str:
    """Return what groups are called in a sentence."""
    if suffixes == ("",):
        return "the main request"
    return f"group{'s' * (len(suffixes) > 1)} {', '.join(map(shown_suffix, suffixes))}"
