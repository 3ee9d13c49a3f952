"""Amounts that no provider of a host has alone, but several have together: the same request, with a group for each."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from berth.cli.amounts import parse_amounts
from berth.cli.request_options import RequestOptions
from berth.model.amounts import as_option
from berth.model.funnel import Constraint

if TYPE_CHECKING:
    from berth.model.funnel import Funnel, FunnelStep

MOST_PARTS: Final = 16
"""Over how many providers an amount is split at most: a command of more groups is for a program."""

_VALUED: Final = {
    "--group": "groups",
    "--trait": "traits",
    "--forbid": "forbidden",
    "--member-of": "member_of",
    "--not-member-of": "not_member_of",
    "--in-tree": "in_tree",
    "--root-trait": "root_traits",
    "--same-subtree": "same_subtree",
}
"""The options of a request that have a value, with their fields."""

_REPLACED: Final = frozenset({"--on"})
"""Options that a search has no use for: another option of the request stands for them."""

FLAGS: Final = frozenset({"--isolate", "--replace", "--json", "--csv", "--call", "--help"})
"""The options without a value of the commands that search."""

_FILTERS: Final = ("traits", "forbidden", "member_of", "not_member_of", "in_tree")


def split_requests(options: RequestOptions, why: Funnel) -> Iterator[RequestOptions]:
    """Yield requests that ask for the amount on which the unnamed group fails in parts that one provider can give.

    First with the group's filters where they are, then with them on the parts. Whether they fit is not known.
    """
    step = _failing_step(why)
    if step is None or not step.nearest:
        return
    rest = parse_amounts(options.resources)
    amount = rest.pop(step.name, 0)
    parts = _parts(step.name, amount, step.nearest)
    if not 1 < len(parts) <= MOST_PARTS:
        return
    named = replace(
        options,
        resources=as_option(rest),
        groups=(*options.groups, *(f"{name}:{step.name}={count}" for name, count in parts.items())),
    )
    if rest:
        yield named
    yield replace(named, **{field: _on_parts(getattr(options, field), parts) for field in _FILTERS})


def command_of(options: RequestOptions, words: Iterable[str], typed: str) -> str:
    """Return the command with these options of a request, to be pasted. words: as typed; typed: its amounts."""
    before, (command, *after) = _at_command(list(words))
    others = _other_words(after, typed)
    request = [options.resources] if options.resources else []
    for option, field in _VALUED.items():
        for value in getattr(options, field):
            request += [option, value]
    return shlex.join(["berth", *before, command, *request, *(["--isolate"] if options.isolate else []), *others])


def _failing_step(why: Funnel) -> FunnelStep | None:
    """Return the amount that leaves nothing of the unnamed group, None if it is something else."""
    steps = [step for group in why.groups if not group.suffix for step in group.steps if step.left == 0]
    first = steps[0] if steps else None
    return first if first is not None and first.kind in (Constraint.ROOM, Constraint.UNITS) else None


def _parts(name: str, amount: int, most: int) -> dict[str, int]:
    """Return the parts of an amount, none above `most`, by the name of their group."""
    sizes = [min(most, amount - first) for first in range(0, min(amount, most * (MOST_PARTS + 1)), most)]
    return {f"{name[:48].lower().replace('_', '-')}-{number}": size for number, size in enumerate(sizes, 1)}


def _on_parts(values: Iterable[str], parts: Iterable[str]) -> tuple[str, ...]:
    """Return values of the unnamed group for each part, and those of named groups unchanged."""
    found: list[str] = []
    for value in values:
        found += [value] if ":" in value else [f"{part}:{value}" for part in parts]
    return tuple(found)


def _at_command(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the options before the name of the command, and the words from there on."""
    at = 0
    while words[at].startswith("-"):
        at += 2 if words[at] == "--config" else 1
    return words[:at], words[at:]


def _other_words(words: Iterable[str], typed: str) -> list[str]:
    """Return the words after a command without its amounts and the options of its request."""
    left, others = iter(words), []
    for word in left:
        name, equals, _ = word.partition("=")
        value = [] if equals or not word.startswith("--") or word in FLAGS else list(islice(left, 1))
        if name not in _VALUED and name not in _REPLACED and word not in (typed, "--isolate"):
            others += [word, *value]
    return others
