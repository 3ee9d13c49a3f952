"""Requests to the fleet: which providers to list, and where a set of amounts fits."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import force_setattr

from berth.model.error_kinds import Invalid
from berth.model.plural import plural

AnyOf = frozenset[str]
"""At least one of these names."""

_SEVERAL: Final = (list, tuple, set, frozenset)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions that a provider must meet.

    resources: amounts by class, each legal for its inventory and within free capacity;
    required: traits, one of each set; forbidden: traits, none of these;
    member_of: aggregates, by uuid or by name, one of each set; not_member_of: none of these;
    in_tree: the uuid of any provider of the tree it must be in.
    In `required` and `member_of` a name that stands alone is a set of one: required=["X", "Y"] are both traits, as is
    {"X", "Y"}; of [{"X", "Y"}] one is enough.
    """

    resources: dict[str, int] = {}
    required: tuple[AnyOf, ...] = ()
    forbidden: AnyOf = frozenset()
    member_of: tuple[AnyOf, ...] = ()
    not_member_of: AnyOf = frozenset()
    in_tree: str | None = None

    def __post_init__(self) -> None:
        """Make sets of one of names that stand alone. Raises Invalid for a text in place of names."""
        for name in ("required", "member_of"):
            given: Any = getattr(self, name)
            if isinstance(given, str):
                raise Invalid(f"{name} is a list of names: give [{given!r}], not the text {given!r}", at=f"/{name}")
            if given and isinstance(given, _SEVERAL) and any(isinstance(each, str) for each in given):
                sets = sorted(given, key=str) if isinstance(given, set | frozenset) else given
                force_setattr(self, name, tuple(frozenset((each,)) if isinstance(each, str) else each for each in sets))


class ProviderQuery(Filter, frozen=True, kw_only=True):
    """Which providers to list. All given conditions must hold."""

    uuid: str | None = None
    name: str | None = None


class Group(Filter, frozen=True, kw_only=True):
    """One part of a request.

    suffix "": its resources may come from several providers of a tree, and from those that share
    with it. Any other suffix: one provider has all of it. Without resources, such a group only
    takes part in same_subtrees.
    """

    suffix: str = ""

    @property
    def one_provider(self) -> bool:
        """Whether a single provider must satisfy the whole group."""
        return self.suffix != ""


class CandidateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for candidates: where a set of groups fits.

    groups: all must be satisfied within one tree and what is shared with it; isolate: suffixed
    groups must be on different providers; limit: the most candidates (None: all);
    root_required, root_forbidden: traits of the tree's root; same_subtrees: sets of suffixes whose
    providers must all be below (or be) one of them; one_provider_per_tree: no candidate uses
    two providers of one tree (Placement before 1.29).
    """

    groups: tuple[Group, ...]
    isolate: bool = False
    limit: int | None = None
    root_required: frozenset[str] = frozenset()
    root_forbidden: frozenset[str] = frozenset()
    same_subtrees: tuple[frozenset[str], ...] = ()
    one_provider_per_tree: bool = False


def request_excess(request: CandidateRequest, groups: int, conditions: int) -> str | None:
    """Return how a request exceeds a number of groups or of conditions in all; None if it does not."""
    if len(request.groups) > groups:
        return f"The request has {plural(len(request.groups), 'group')}: the limit is {groups}."
    roots = len(request.root_required) + len(request.root_forbidden)
    return _excess(len(request.same_subtrees) + roots + sum(map(_conditions, request.groups)), conditions)


def filter_excess(given: Filter, conditions: int) -> str | None:
    """Return how a filter exceeds a number of conditions; None if it does not."""
    return _excess(_conditions(given), conditions)


def _excess(count: int, most: int) -> str | None:
    return f"The request has {count} conditions: the limit is {most}." if count > most else None


def _conditions(given: Filter) -> int:
    """Count amounts, sets of traits and sets of aggregates; a set counts once, however many names it has."""
    forbidden = len(given.forbidden) + bool(given.not_member_of)
    return len(given.resources) + len(given.required) + len(given.member_of) + forbidden
