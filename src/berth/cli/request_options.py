"""What is asked on the command line, as a request: `VCPU=4 --group gpu:PGPU=1 --trait gpu:CUSTOM_A100`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

import msgspec
import typer

from berth.cli.amounts import amounts
from berth.model.names import parse_uuid
from berth.model.request import AnyOf, CandidateRequest, Group

_GROUP_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a group may be called (Placement 1.33: the suffix of a group)."""

Find = Callable[[str], str]
"""From a provider's name or uuid to its uuid."""


class RequestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a request, as they were typed. Those of a named group begin with its name and a colon."""

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


def request(words: RequestOptions, provider: Find) -> CandidateRequest:
    """The request that these words make; typer.BadParameter says what they do not."""
    groups = _groups(words)
    asked: dict[str, dict[str, Any]] = {name: {"resources": given} for name, given in groups.items()}
    for name, word in _sorted(words.traits, groups):
        asked[name].setdefault("required", []).append(_any_of(word))
    for name, word in _sorted(words.forbidden, groups):
        asked[name].setdefault("forbidden", set()).update(_any_of(word))
    for name, word in _sorted(words.member_of, groups):
        asked[name].setdefault("member_of", []).append(_uuids(word))
    for name, word in _sorted(words.not_member_of, groups):
        asked[name].setdefault("not_member_of", set()).update(_uuids(word))
    for name, word in _sorted(words.in_tree, groups):
        asked[name]["in_tree"] = provider(word)
    return CandidateRequest(
        groups=tuple(_group(name, given, words) for name, given in asked.items()),
        isolate=words.isolate,
        limit=words.limit,
        root_required=frozenset(word for word in words.root_traits if not word.startswith("!")),
        root_forbidden=frozenset(word[1:] for word in words.root_traits if word.startswith("!")),
        same_subtrees=tuple(_subtree(word, groups) for word in words.same_subtree),
    )


def _groups(words: RequestOptions) -> dict[str, dict[str, int]]:
    """Amounts by the name of the group, "" for the one without a name."""
    groups = {"": amounts(words.resources)} if words.resources else {}
    for word in words.groups:
        name, _, given = word.partition(":")
        if _GROUP_NAME.fullmatch(name) is None:
            raise typer.BadParameter(f"{word!r} is no group, such as gpu:PGPU=1 (or gpu: alone, for --same-subtree)")
        if name in groups:
            raise typer.BadParameter(f"group {name} is there twice")
        groups[name] = amounts(given) if given.strip() else {}
    if not any(groups.values()):
        raise typer.BadParameter("say what is wanted, such as VCPU=4,MEMORY_MB=8G, or --group gpu:PGPU=1")
    return groups


def _sorted(words: Iterable[str], groups: dict[str, dict[str, int]]) -> list[tuple[str, str]]:
    """Each word with the group that it is about: the one named before its colon, or the one without a name."""
    found = []
    for word in words:
        name, colon, rest = word.partition(":")
        group, value = (name, rest) if colon else ("", word)
        if group not in groups:
            known = ", ".join(filter(None, groups)) or "none"
            told = f"no group {group!r}" if group else "no group without a name: begin with a group's name and a colon"
            raise typer.BadParameter(f"{word}: there is {told} (groups: {known})")
        found.append((group, value))
    return found


def _any_of(word: str) -> AnyOf:
    names = frozenset(word.split("|"))
    if "" in names:
        raise typer.BadParameter(f"{word!r}: a name is empty")
    return names


def _uuids(word: str) -> AnyOf:
    found = {name: parse_uuid(name) for name in _any_of(word)}
    for name, uuid in found.items():
        if uuid is None:
            raise typer.BadParameter(f"an aggregate is a uuid (`berth aggregates` lists them); {name} is no uuid")
    return frozenset(filter(None, found.values()))


def _group(name: str, asked: dict[str, Any], words: RequestOptions) -> Group:
    if not asked["resources"] and not any(name in word.split(",") for word in words.same_subtree):
        raise typer.BadParameter(f"group {name} asks for nothing: only a group in --same-subtree may")
    for names in asked.get("required", ()):
        if names <= asked.get("forbidden", set()):
            raise typer.BadParameter(f"{' or '.join(sorted(names))} cannot be both wanted and forbidden")
    return Group(
        suffix=f"_{name}" if name else "",
        resources=asked["resources"],
        required=tuple(asked.get("required", ())),
        forbidden=frozenset(asked.get("forbidden", ())),
        member_of=tuple(asked.get("member_of", ())),
        not_member_of=frozenset(asked.get("not_member_of", ())),
        in_tree=asked.get("in_tree"),
    )


def _subtree(word: str, groups: dict[str, dict[str, int]]) -> frozenset[str]:
    names = [name.strip() for name in word.split(",")]
    missing = [name for name in names if not name or name not in groups]
    if missing:
        raise typer.BadParameter(f"--same-subtree {word}: there is no group {missing[0]!r}")
    return frozenset(f"_{name}" for name in names)


Amounts = Annotated[str, typer.Argument(metavar="[AMOUNTS]", help="Such as VCPU=4,MEMORY_MB=8G.", show_default=False)]
GroupAmounts = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="NAME:AMOUNTS", help="All of this from one provider, such as gpu:PGPU=1."),
]
Traits = Annotated[
    list[str] | None,
    typer.Option("--trait", metavar="[GROUP:]TRAIT", help="With this trait; A|B: with one of them."),
]
ForbiddenTraits = Annotated[
    list[str] | None, typer.Option("--forbid", metavar="[GROUP:]TRAIT", help="Without this trait.")
]
MemberOf = Annotated[
    list[str] | None,
    typer.Option("--member-of", metavar="[GROUP:]UUID", help="In this aggregate; A|B: in one of them."),
]
NotMemberOf = Annotated[
    list[str] | None, typer.Option("--not-member-of", metavar="[GROUP:]UUID", help="Not in this aggregate.")
]
InTree = Annotated[list[str] | None, typer.Option("--in-tree", metavar="[GROUP:]NAME", help="In this provider's tree.")]
RootTraits = Annotated[
    list[str] | None,
    typer.Option("--root-trait", metavar="TRAIT", help="The root of the tree has this trait; !TRAIT: it has not."),
]
SameSubtree = Annotated[
    list[str] | None,
    typer.Option("--same-subtree", metavar="GROUPS", help="Of these groups, such as a,b, one is above the others."),
]
Isolate = Annotated[bool, typer.Option("--isolate", help="Groups with a name are on different providers.")]

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
"""Name, type and default of each."""


def options_of(given: dict[str, Any]) -> RequestOptions:
    """The words of a request; they are taken out of what was given."""

    def several(name: str) -> tuple[str, ...]:
        return tuple(given.pop(name) or ())

    return RequestOptions(
        resources=given.pop("resources"),
        groups=several("group"),
        traits=several("trait"),
        forbidden=several("forbid"),
        member_of=several("member_of"),
        not_member_of=several("not_member_of"),
        in_tree=several("in_tree"),
        root_traits=several("root_trait"),
        same_subtree=several("same_subtree"),
        isolate=given.pop("isolate"),
    )
