"""Why a request fits where it fits, or nowhere: what each constraint took away, in the order of the search."""

from __future__ import annotations

import enum

import msgspec


class Constraint(enum.StrEnum):
    """What a request can fail on."""

    UNKNOWN_CLASS = "unknown_class"
    UNKNOWN_TRAIT = "unknown_trait"
    ROOT_REQUIRED = "root_required"
    ROOT_FORBIDDEN = "root_forbidden"
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
    """One constraint, and what it took away from what the ones before it had left.

    constraint: in words, to go on with "that": "has room for 4 VCPU"; name, amount: the class, trait, aggregate
    or group that it is about, where there is just one, and how much of it; without: how many trees would
    have a provider for every group if this constraint alone were dropped, from all groups that make it
    (an amount with its units, a class with its amount); nearest: what a provider that has everything else
    could give instead: for room the most that one can give now, for units the nearest amount that one gives.
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
    """What is left for one group by itself.

    counted: a suffixed group needs one provider, so providers are counted; the unsuffixed group may take
    from several in a tree and from those that share with it, so trees are. total: how many there are.
    """

    suffix: str
    counted: Counted
    total: int
    steps: list[FunnelStep]
    left: int


class TreeFunnel(msgspec.Struct, frozen=True, kw_only=True):
    """In how many trees, each with what is shared with it, every group finds something."""

    total: int
    steps: list[FunnelStep]
    with_all_groups: int


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """What may keep groups apart that each find something.

    without: how many trees would fit if it were dropped, None if the request fits; bounded: at least so many.
    """

    constraint: str
    kind: Constraint
    without: int | None
    bounded: bool = False


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """In how many trees the whole request fits.

    why: what keeps the others from fitting; bounded: not every tree was searched to its end, so there may be more.
    """

    hindrances: list[Hindrance]
    why: str
    left: int
    bounded: bool = False


class UnknownName(msgspec.Struct, frozen=True, kw_only=True):
    """A name that the ledger does not have, with those most like it, the most alike first."""

    kind: Constraint
    name: str
    nearest: list[str]


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """How a request narrows down. why: the whole of it in one sentence, naming the constraint that hurts most."""

    groups: list[GroupFunnel]
    trees: TreeFunnel
    together: Together
    unknown: list[UnknownName]
    why: str
