"""Requests for candidates, as typed: `VCPU=4 --group gpu:PGPU=1 --trait gpu:CUSTOM_A100`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

import msgspec
import typer

from berth.cli.amounts import parse_amounts
from berth.cli.completion import completion_of
from berth.model.request import AnyOf, CandidateRequest, Group

_GROUP_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Legal names of groups (Placement 1.33: the suffix of a group)."""

UuidOf = Callable[[str], str]
"""A function from the name or uuid of a provider or an aggregate to its uuid."""


class RequestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a request, as typed. A value for a named group begins with its name and a colon."""

    resources: str = ""
    groups: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    member_of: tuple[str, ...] = ()
    not_member_of: tuple[str, ...] = ()
    in_tree: tuple[str, ...] = ()
    root_traits: tuple[str, ...] = ()
    same_subtree: tuple[str, ...] = ()
    isolate: bool = False
    limit: int | None = None


def parse_request(options: RequestOptions, provider: UuidOf, aggregate: UuidOf = str) -> CandidateRequest:
    """Return the request that the options describe. Raises typer.BadParameter.

    provider, aggregate: return the uuids of those that are given by name.
    """
    groups = _groups(options)
    filters: dict[str, dict[str, Any]] = {name: {"resources": given} for name, given in groups.items()}
    for name, text in _by_group(options.traits, groups):
        filters[name].setdefault("required", []).append(_any_of(text))
    for name, text in _by_group(options.forbidden, groups):
        filters[name].setdefault("forbidden", set()).update(_any_of(text))
    for name, text in _by_group(options.member_of, groups):
        filters[name].setdefault("member_of", []).append(frozenset(map(aggregate, _any_of(text))))
    for name, text in _by_group(options.not_member_of, groups):
        filters[name].setdefault("not_member_of", set()).update(map(aggregate, _any_of(text)))
    for name, text in _by_group(options.in_tree, groups):
        filters[name]["in_tree"] = provider(text)
    return CandidateRequest(
        groups=tuple(_group(name, given, options) for name, given in filters.items()),
        isolate=options.isolate,
        limit=options.limit,
        root_required=frozenset(text for text in options.root_traits if not text.startswith("!")),
        root_forbidden=frozenset(text[1:] for text in options.root_traits if text.startswith("!")),
        same_subtrees=tuple(_same_subtree(text, groups) for text in options.same_subtree),
    )


def _groups(options: RequestOptions) -> dict[str, dict[str, int]]:
    """Return the amounts by group name, "" for the unnamed group."""
    groups = {"": parse_amounts(options.resources)} if options.resources else {}
    for text in options.groups:
        name, _, given = text.partition(":")
        if _GROUP_NAME.fullmatch(name) is None:
            raise typer.BadParameter(f"{text!r} is not a group, such as gpu:PGPU=1 (or gpu: alone, for --same-subtree)")
        if name in groups:
            raise typer.BadParameter(f"group {name} is given twice")
        groups[name] = parse_amounts(given) if given.strip() else {}
    if not any(groups.values()):
        raise typer.BadParameter("no amounts given: add them, such as VCPU=4,MEMORY_MB=8G, or --group gpu:PGPU=1")
    return groups


def _by_group(options: Iterable[str], groups: dict[str, dict[str, int]]) -> list[tuple[str, str]]:
    """Return each value with its group: the one named before the colon, or the unnamed one."""
    result = []
    for text in options:
        name, colon, rest = text.partition(":")
        group, value = (name, rest) if colon else ("", text)
        if group not in groups:
            known = ", ".join(filter(None, groups)) or "none"
            missing = f"no group {group!r}" if group else "no main request: begin with a group's name and a colon"
            raise typer.BadParameter(f"{text}: there is {missing} (groups: {known})")
        result.append((group, value))
    return result


def _any_of(text: str) -> AnyOf:
    names = frozenset(text.split("|"))
    if "" in names:
        raise typer.BadParameter(f"{text!r}: a name is empty")
    return names


def _group(name: str, filters: dict[str, Any], options: RequestOptions) -> Group:
    if not filters["resources"] and not any(name in text.split(",") for text in options.same_subtree):
        raise typer.BadParameter(f"group {name} has no amounts: only a group in --same-subtree may be empty")
    for names in filters.get("required", ()):
        if names <= filters.get("forbidden", set()):
            raise typer.BadParameter(f"{' or '.join(sorted(names))} cannot be both required and forbidden")
    return Group(
        suffix=f"_{name}" if name else "",
        resources=filters["resources"],
        required=tuple(filters.get("required", ())),
        forbidden=frozenset(filters.get("forbidden", ())),
        member_of=tuple(filters.get("member_of", ())),
        not_member_of=frozenset(filters.get("not_member_of", ())),
        in_tree=filters.get("in_tree"),
    )


def _same_subtree(text: str, groups: dict[str, dict[str, int]]) -> frozenset[str]:
    names = [name.strip() for name in text.split(",")]
    missing = [name for name in names if not name or name not in groups]
    if missing:
        raise typer.BadParameter(f"--same-subtree {text}: there is no group {missing[0]!r}")
    return frozenset(f"_{name}" for name in names)


Amounts = Annotated[
    str,
    typer.Argument(
        metavar="[AMOUNTS]",
        help="Amounts to find, such as VCPU=4,MEMORY_MB=8G.",
        autocompletion=completion_of("class", "="),
        show_default=False,
    ),
]
GroupAmounts = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="NAME:AMOUNTS",
        help="A named group: all of these amounts from one provider, such as gpu:PGPU=1.",
    ),
]
Traits = Annotated[
    list[str] | None,
    typer.Option(
        "--trait",
        metavar="[GROUP:]TRAIT",
        help="Only providers with this trait; A|B: with either.",
        autocompletion=completion_of("trait"),
    ),
]
ForbiddenTraits = Annotated[
    list[str] | None,
    typer.Option(
        "--forbid",
        metavar="[GROUP:]TRAIT",
        help="Only providers without this trait.",
        autocompletion=completion_of("trait"),
    ),
]
MemberOf = Annotated[
    list[str] | None,
    typer.Option(
        "--member-of",
        metavar="[GROUP:]NAME",
        help="Only providers in this aggregate; A|B: in either.",
        autocompletion=completion_of("aggregate"),
    ),
]
NotMemberOf = Annotated[
    list[str] | None,
    typer.Option(
        "--not-member-of",
        metavar="[GROUP:]NAME",
        help="Only providers outside this aggregate.",
        autocompletion=completion_of("aggregate"),
    ),
]
InTree = Annotated[
    list[str] | None,
    typer.Option(
        "--in-tree",
        metavar="[GROUP:]NAME",
        help="Only this host and its parts.",
        autocompletion=completion_of("provider"),
    ),
]
RootTraits = Annotated[
    list[str] | None,
    typer.Option(
        "--root-trait",
        metavar="TRAIT",
        help="Only hosts with this trait on the host itself; !TRAIT: without it.",
        autocompletion=completion_of("trait"),
    ),
]
SameSubtree = Annotated[
    list[str] | None,
    typer.Option(
        "--same-subtree",
        metavar="GROUPS",
        help="The providers of these groups (such as a,b) must be in one subtree: one of them above all others.",
    ),
]
Isolate = Annotated[bool, typer.Option("--isolate", help="Named groups must be on different providers.")]

OPTIONS: Final = (
    ("resources", Amounts, ""),
    ("group", GroupAmounts, None),
    ("trait", Traits, None),
    ("forbid", ForbiddenTraits, None),
    ("member_of", MemberOf, None),
    ("not_member_of", NotMemberOf, None),
    ("in_tree", InTree, None),
    ("root_trait", RootTraits, None),
    ("same_subtree", SameSubtree, None),
    ("isolate", Isolate, False),
)
"""Name, type and default of each option."""


def pop_request_options(given: dict[str, Any]) -> RequestOptions:
    """Remove the options of a request from `given`, and return them."""

    def pop_all(name: str) -> tuple[str, ...]:
        return tuple(given.pop(name) or ())

    return RequestOptions(
        resources=given.pop("resources"),
        groups=pop_all("group"),
        traits=pop_all("trait"),
        forbidden=pop_all("forbid"),
        member_of=pop_all("member_of"),
        not_member_of=pop_all("not_member_of"),
        in_tree=pop_all("in_tree"),
        root_traits=pop_all("root_trait"),
        same_subtree=pop_all("same_subtree"),
        isolate=given.pop("isolate"),
    )
