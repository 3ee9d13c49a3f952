"""Names below `src/berth` that a reader could not look up, for the ratchet of `test_tidy`.

A module is named by a noun of the field, a function by what it returns or does, and a public class or type alias is
defined once. See CONTRIBUTING.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

NOUNS_IN_ING = {"encoding", "mapping", "padding", "routing", "setting", "string"}
"""Nouns that end like a gerund."""
METAPHORS = {
    "asked",
    "away",
    "because",
    "before",
    "brief",
    "drawer",
    "early",
    "ending",
    "enough",
    "everywhere",
    "face",
    "front",
    "habit",
    "handy",
    "house",
    "journal",
    "keeping",
    "later",
    "lookout",
    "onlooker",
    "paper",
    "patience",
    "plain",
    "possessions",
    "refused",
    "room",
    "shelf",
    "sieve",
    "sifted",
    "single",
    "site",
    "sound",
    "theirs",
    "together",
    "trail",
    "vigil",
    "visit",
    "wanted",
    "witness",
    "words",
}
"""Names that a reader cannot search for. The field has a term for each thing that was once called so."""
VAGUE = {"asked", "begin", "found", "known", "of", "settle", "signed", "step", "take", "told"}
"""Names of functions that do not say what is returned or done."""
GERUND = re.compile(r"[a-z]{2,}ing$")
TYPE_NAME = re.compile(r"[A-Z]\w*[a-z]\w*$")
"""A class or a type alias; constants are in capitals."""


def unclear_modules(paths: Iterable[Path]) -> list[str]:
    """List the modules and packages named by a gerund or a metaphor."""
    return sorted(str(path) for path in paths if any(_unclear(part) for part in path.with_suffix("").parts))


def _unclear(name: str) -> bool:
    last = name.rpartition("_")[2]
    return name in METAPHORS or (bool(GERUND.match(last)) and last not in NOUNS_IN_ING)


def vague_functions(path: Path) -> Iterator[str]:
    """Yield the functions of a file whose names are in `VAGUE`, with or without an underscore."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.strip("_") in VAGUE:
            yield f"{path}:{node.lineno} {node.name}"


def defined_twice(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Return the public type names that several modules define, with these modules."""
    found = defaultdict(list)
    for path in paths:
        for name in _public_types(path):
            found[name].append(str(path))
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def _public_types(path: Path) -> Iterator[str]:
    """Yield the classes and type aliases at the top level of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            names = []
        yield from (name for name in names if TYPE_NAME.match(name))
