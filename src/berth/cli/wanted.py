"""The options that say what is wanted, for `berth find` and `berth claim`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from berth.cli.asking import Words

Amounts = Annotated[str, typer.Argument(metavar="[AMOUNTS]", help="Such as VCPU=4,MEMORY_MB=8G.", show_default=False)]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="NAME:AMOUNTS", help="All of this from one provider, such as gpu:PGPU=1."),
]
Traits = Annotated[
    list[str] | None,
    typer.Option("--trait", metavar="[GROUP:]TRAIT", help="With this trait; A|B: with one of them."),
]
Forbidden = Annotated[list[str] | None, typer.Option("--forbid", metavar="[GROUP:]TRAIT", help="Without this trait.")]
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
    ("group", Groups, None),
    ("trait", Traits, None),
    ("forbid", Forbidden, None),
    ("member_of", MemberOf, None),
    ("not_member_of", NotMemberOf, None),
    ("in_tree", InTree, None),
    ("root_trait", RootTraits, None),
    ("same_subtree", SameSubtree, None),
    ("isolate", Isolate, False),
)
"""Name, type and default of each."""


def words_of(given: dict[str, Any]) -> Words:
    """The words of a request; they are taken out of what was given."""

    def several(name: str) -> tuple[str, ...]:
        return tuple(given.pop(name) or ())

    return Words(
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
