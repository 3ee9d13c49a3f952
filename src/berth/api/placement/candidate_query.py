"""`GET /allocation_candidates`: query parameters into a CandidateRequest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from berth.api.http.messages import BadRequest
from berth.api.placement import error_codes, query_filters
from berth.api.placement.query_filters import ActiveRules, Pairs
from berth.api.placement.schemas import NAMED, NUMBERED
from berth.model.request import CandidateRequest, Group

_PARAMETERS: Final = "resources|required|member_of|in_tree"
MOST_CANDIDATES: Final = 2**31 - 1
"""A larger limit counts as none."""

_NUMBERED: Final = re.compile(f"({_PARAMETERS})({NUMBERED})?")
_NAMED: Final = re.compile(f"({_PARAMETERS})({NAMED})?")


def candidate_request(pairs: Pairs, rules: ActiveRules) -> CandidateRequest:
    """Return the candidate request of a query; raise BadRequest if its parts do not make sense together."""
    limit = query_filters.values_of(pairs, "limit")
    policy = query_filters.values_of(pairs, "group_policy")
    root_required, root_forbidden = _root_traits(query_filters.values_of(pairs, "root_required"))
    subtrees = tuple(_subtree(value) for value in query_filters.values_of(pairs, "same_subtree"))
    groups = _groups(pairs, rules)
    _check_resources(groups, subtrees, rules)
    if "forbidden_traits" in rules:
        _check_conflicts(groups.values())
    if not policy and sum(group.one_provider for group in groups.values()) > 1:
        raise BadRequest(
            'The "group_policy" parameter is required when specifying more than one "resources{N}" parameter.'
        )
    return CandidateRequest(
        groups=tuple(groups.values()),
        isolate=policy[:1] == ["isolate"],
        limit=min(int(limit[0][:18]), MOST_CANDIDATES) if limit else None,
        root_required=root_required,
        root_forbidden=root_forbidden,
        same_subtrees=subtrees,
        one_provider_per_tree="trees" not in rules,
    )


def _groups(pairs: Pairs, rules: ActiveRules) -> dict[str, Group]:
    pattern = _NAMED if "named_groups" in rules else _NUMBERED
    found: dict[str, dict[str, Any]] = {}
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        match = pattern.fullmatch(name)
        if match is None:
            continue
        kind, suffix = match[1], match[2] or ""
        fields = found.setdefault(suffix, {"suffix": suffix})
        if kind == "resources":
            fields["resources"] = [query_filters.resources(value) for value in values][-1]
        elif kind == "required":
            fields["required"], fields["forbidden"] = query_filters.traits(values, rules)
        elif kind == "member_of":
            fields["member_of"], fields["not_member_of"] = query_filters.aggregates(values, suffix, rules)
        else:
            fields["in_tree"] = [query_filters.in_tree(value) for value in values][-1]
    return {suffix: Group(**fields) for suffix, fields in found.items()}


def _root_traits(values: list[str]) -> tuple[frozenset[str], frozenset[str]]:
    if not values:
        return frozenset(), frozenset()
    if len(values) > 1:
        raise BadRequest("Query parameter 'root_required' may be specified only once.", code=error_codes.DUPLICATE_KEY)
    required, forbidden = query_filters.traits(values, frozenset({"forbidden_traits"}))
    wanted = frozenset().union(*required)
    if wanted & forbidden:
        raise BadRequest(
            "Conflicting required and forbidden traits found in root_required: "
            + ", ".join(sorted(wanted & forbidden)),
            code=error_codes.BAD_VALUE,
        )
    return wanted, forbidden


def _subtree(value: str) -> frozenset[str]:
    suffixes = frozenset(suffix.strip() for suffix in value.split(","))
    if "" in suffixes:
        raise BadRequest(
            "Empty string (unsuffixed group) can not be specified in `same_subtree` ", code=error_codes.BAD_VALUE
        )
    return suffixes


def _check_resources(groups: dict[str, Group], subtrees: tuple[frozenset[str], ...], rules: ActiveRules) -> None:
    empty = [suffix for suffix, group in groups.items() if not group.resources]
    if "groups_without_resources" not in rules:
        _check_all_have_resources(groups, empty)
        return
    named = frozenset().union(*subtrees)
    if len(empty) == len(groups):
        raise BadRequest(
            "There must be at least one resources or resources[$S] parameter.", code=error_codes.MISSING_VALUE
        )
    alone = [suffix for suffix in empty if suffix not in named]
    if alone:
        raise BadRequest(
            "Resourceless suffixed group request should be specified in `same_subtree` query param: "
            f"bad group(s) - {alone}.",
            code=error_codes.BAD_VALUE,
        )
    unknown = sorted(named - groups.keys())
    if unknown:
        raise BadRequest(
            f"Real suffixes should be specified in `same_subtree`: {unknown} not found in {list(groups)}.",
            code=error_codes.BAD_VALUE,
        )


def _check_all_have_resources(groups: dict[str, Group], empty: list[str]) -> None:
    traits = [f"required{suffix}" for suffix in empty if groups[suffix].required]
    if traits:
        raise BadRequest(
            "All traits parameters must be associated with resources.  Found the following orphaned traits keys: "
            + ", ".join(traits)
        )
    members = [f"member_of{suffix}" for suffix in empty if groups[suffix].member_of or groups[suffix].not_member_of]
    if members:
        raise BadRequest(
            "All member_of parameters must be associated with resources. Found the following orphaned member_of keys: "
            + ", ".join(members)
        )
    if empty:
        raise BadRequest("All request groups must specify resources.")
    if not groups:
        raise BadRequest("At least one request group (`resources` or `resources{$S}`) is required.")


def _check_conflicts(groups: Iterable[Group]) -> None:
    conflicts = [
        f"required{group.suffix}: ({', '.join(sorted(names))})"
        for group in groups
        for names in group.required
        if names <= group.forbidden
    ]
    if conflicts:
        raise BadRequest(
            "Conflicting required and forbidden traits found in the following traits keys: "
            + ", ".join(sorted(conflicts))
        )
