"""A candidate request as the URL of the equivalent Placement call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from berth.model.request import AnyOf, CandidateRequest, Group


def call_of(request: CandidateRequest) -> str:
    """Return the path and query of GET /allocation_candidates, in its newest version."""
    pairs = [pair for group in request.groups for pair in _group_parameters(group)]
    if sum(group.one_provider for group in request.groups) > 1:
        pairs.append(("group_policy", "isolate" if request.isolate else "none"))
    root = ",".join([*sorted(request.root_required), *(f"!{name}" for name in sorted(request.root_forbidden))])
    if root:
        pairs.append(("root_required", root))
    pairs += [("same_subtree", ",".join(sorted(suffixes))) for suffixes in request.same_subtrees]
    if request.limit is not None:
        pairs.append(("limit", str(request.limit)))
    return "/allocation_candidates?" + "&".join(f"{name}={quote(value, safe=':,!')}" for name, value in pairs)


def _group_parameters(group: Group) -> Iterator[tuple[str, str]]:
    suffix = group.suffix
    if group.resources:
        yield f"resources{suffix}", ",".join(f"{name}:{amount}" for name, amount in group.resources.items())
    for required in group.required:
        yield f"required{suffix}", _any_of(required)
    if group.forbidden:
        yield f"required{suffix}", _none_of(group.forbidden)
    for aggregates in group.member_of:
        yield f"member_of{suffix}", _any_of(aggregates)
    for aggregate in sorted(group.not_member_of):
        yield f"member_of{suffix}", f"!{aggregate}"
    if group.in_tree is not None:
        yield f"in_tree{suffix}", group.in_tree


def _any_of(names: AnyOf) -> str:
    ordered = sorted(names)
    return ordered[0] if len(ordered) == 1 else f"in:{','.join(ordered)}"


def _none_of(names: Iterable[str]) -> str:
    return ",".join(f"!{name}" for name in sorted(names))
