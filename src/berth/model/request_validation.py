"""Validation of requests, as `validation.py` validates commands: canonical uuids, numbers and names within bounds.

Every verb that takes a request validates it here: finding, explaining, listing providers, drawing a map, and the
request within an Allocate. Rules that need the state of the ledger, such as whether a trait exists, are checked
elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, TypeVar

from msgspec.structs import replace

from berth.model.aggregate import checked_aggregate
from berth.model.consumer import Resources
from berth.model.drain import WHY_LENGTH, Drain, Undrain
from berth.model.errors import Invalid
from berth.model.inventory import MAX_INT
from berth.model.names import parse_uuid
from berth.model.overview import MapQuery, ProviderFilter
from berth.model.request import AnyOf, CandidateRequest, Filter, Group, ProviderQuery
from berth.model.text import checked_text
from berth.model.types import typed

F = TypeVar("F", bound=Filter)

_SUFFIX: Final = re.compile(r"[A-Za-z0-9_-]{1,64}|[1-9][0-9]*")
"""Placement 1.33 allows the first, earlier versions numbers of any length."""


def validated_request(request: CandidateRequest, at: str = "") -> CandidateRequest:
    """Return a request with canonical uuids. A limit above MAX_INT is none.

    at: where the request is, as a JSON pointer. Raises Invalid, with the pointer to the first illegal value.
    """
    request = typed(request, CandidateRequest)
    check_limit(request.limit, f"{at}/limit")
    for number, group in enumerate(request.groups):
        _check_suffix(group, f"{at}/groups/{number}/suffix")
    _check_groups(request, at)
    groups = tuple(validated_filter(group, f"{at}/groups/{number}") for number, group in enumerate(request.groups))
    limit = None if request.limit is not None and request.limit > MAX_INT else request.limit
    unchanged = limit == request.limit and all(new is old for new, old in zip(groups, request.groups, strict=True))
    return request if unchanged else replace(request, groups=groups, limit=limit)


def validated_filter(given: F, at: str = "") -> F:
    """Return a filter with canonical uuids. at: where it is, as a JSON pointer. Raises Invalid."""
    _check_amounts(given.resources, f"{at}/resources")
    _check_any_of(given.required, "trait", f"{at}/required")
    _check_any_of(given.member_of, "aggregate", f"{at}/member_of")
    if not (given.member_of or given.not_member_of) and given.in_tree is None:
        return given
    return replace(
        given,
        member_of=tuple(_aggregates(any_of, f"{at}/member_of/{n}") for n, any_of in enumerate(given.member_of)),
        not_member_of=_aggregates(given.not_member_of, f"{at}/not_member_of"),
        in_tree=None if given.in_tree is None else _uuid(given.in_tree, f"{at}/in_tree"),
    )


def validated_query(query: ProviderQuery) -> ProviderQuery:
    """Return a query of providers with canonical uuids. Raises Invalid."""
    query = typed(query, ProviderQuery)
    filtered = validated_filter(query)
    return filtered if query.uuid is None else replace(filtered, uuid=_uuid(query.uuid, "/uuid"))


def validated_provider_filter(query: ProviderFilter) -> ProviderFilter:
    """Return a filter of a list with canonical uuids; `uuid` is the beginning of one. Raises Invalid."""
    query = typed(query, ProviderFilter)
    _check_amounts(query.room, "/room")
    return replace(
        query,
        uuid=_uuid_prefix(query.uuid),
        aggregate=query.aggregate and _aggregate(query.aggregate, "/aggregate"),
        root=query.root and _uuid(query.root, "/root"),
    )


def validated_drain(command: Drain | Undrain) -> Drain | Undrain:
    """Return a drain, or its end, with canonical uuids. Raises Invalid if it is about no provider."""
    where = command.where
    if not command.providers and where is None:
        raise Invalid("name at least one provider, or give a filter", at="/providers")
    if where == ProviderFilter():
        raise Invalid("the filter is empty: give a condition", at="/where")
    if isinstance(command, Drain):
        checked_text(command.why, "the reason", WHY_LENGTH)
    return replace(
        command,
        providers=tuple(_uuid(uuid, "/providers") for uuid in command.providers),
        where=None if where is None else validated_provider_filter(where),
    )


def validated_map(query: MapQuery) -> MapQuery:
    """Return a query of the map with canonical uuids. Raises Invalid."""
    query = typed(query, MapQuery)
    _check_amounts(query.room, "/room")
    check_limit(query.limit)
    return replace(
        query,
        aggregate=query.aggregate and _aggregate(query.aggregate, "/aggregate"),
        mark=tuple(_uuid(each, f"/mark/{number}") for number, each in enumerate(query.mark)),
    )


def check_limit(limit: int | None, at: str = "/limit") -> None:
    """Raise Invalid if the limit of a page is no number from 1."""
    if limit is not None and (type(limit) is not int or limit < 1):
        raise Invalid(f"the limit must be at least 1, not {limit!r}", at=at)


def check_instant(instant: int | None, at: str) -> None:
    """Raise Invalid if an instant is no number, of microseconds since 1970 UTC."""
    if instant is not None and type(instant) is not int:
        raise Invalid(f"an instant is a number of microseconds, not {instant!r}", at=at)


def _check_suffix(group: Group, at: str) -> None:
    if group.suffix and _SUFFIX.fullmatch(group.suffix) is None:
        raise Invalid(f"{group.suffix[:64]!r} is not a suffix: use 1 to 64 of A-Z, a-z, 0-9, _ and -", at=at)


def _check_groups(request: CandidateRequest, at: str) -> None:
    """Check what the groups of a request are to each other."""
    suffixes = [group.suffix for group in request.groups]
    if len(set(suffixes)) < len(suffixes):
        twice = Counter(suffixes).most_common(1)[0][0]
        raise Invalid(f"Two groups have the suffix {twice!r}", at=f"{at}/groups/{_last(suffixes, twice)}/suffix")
    if not any(group.resources for group in request.groups):
        raise Invalid("a request must ask for resources in at least one group", at=f"{at}/groups")
    for number, subtree in enumerate(request.same_subtrees):
        _check_subtree(subtree, suffixes, f"{at}/same_subtrees/{number}")
    together = frozenset().union(*request.same_subtrees)
    for number, group in enumerate(request.groups):
        if not group.resources and group.suffix not in together:
            what = f"the group {group.suffix!r} requests no resources and is not in same_subtrees"
            raise Invalid(what, at=f"{at}/groups/{number}")


def _check_subtree(subtree: frozenset[str], suffixes: list[str], at: str) -> None:
    if not subtree:
        raise Invalid("a same_subtrees must name at least one suffix", at=at)
    if "" in subtree:
        raise Invalid("the main request, without a suffix, cannot be in same_subtrees", at=at)
    unknown = sorted(subtree.difference(suffixes))
    if unknown:
        raise Invalid(f"same_subtrees names {unknown[0]!r}, which is not the suffix of a group", at=at)


def _check_amounts(resources: Resources, at: str) -> None:
    for name, amount in resources.items():
        if amount < 1:
            raise Invalid(f"the amount of {name} must be at least 1, not {amount}", at=f"{at}/{pointer(name)}")


def _check_any_of(sets: tuple[AnyOf, ...], what: str, at: str) -> None:
    for number, any_of in enumerate(sets):
        if not any_of:
            raise Invalid(f"name at least one {what}", at=f"{at}/{number}")


def _aggregates(given: AnyOf, at: str) -> AnyOf:
    return frozenset(_aggregate(each, at) for each in given)


def _aggregate(given: str, at: str) -> str:
    try:
        return checked_aggregate(given)
    except Invalid as refusal:
        raise Invalid(str(refusal), at=at) from None


def _uuid(text: str, at: str) -> str:
    canonical = parse_uuid(text)
    if canonical is None:
        raise Invalid(f"{text!r} is not a uuid", at=at)
    return canonical


_HEX: Final = re.compile(r"[0-9a-f]*")
_DASHES: Final = (8, 12, 16, 20)
"""Before which hexadecimal digits of a uuid its dashes stand."""


def _uuid_prefix(text: str) -> str:
    """Return the beginning of a uuid in canonical form; what no uuid begins with is returned unchanged."""
    digits = text.lower().removeprefix("urn:uuid:").strip("{}").replace("-", "")
    if len(digits) > 32 or _HEX.fullmatch(digits) is None:
        return text
    parts = [digits[first:last] for first, last in zip((0, *_DASHES), (*_DASHES, 32), strict=True)]
    return "-".join(filter(None, parts))


def pointer(name: str) -> str:
    """Return a name as a part of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _last(items: list[str], item: str) -> int:
    return len(items) - 1 - items[::-1].index(item)
