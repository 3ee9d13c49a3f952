"""Measures how comfortable the code is to live in, for the ratchet of `test_tidy`.

    python -m tests.tidy              what is, beside what is allowed, and where it is worst
    python -m tests.tidy --update     allow no more than what is

A function's length is counted from its ``def`` to its last line, without its docstring: saying more about a function
does not make it worse.  Migrations do not count: each is a list that nobody may change again.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
ALLOWED = Path(__file__).with_name("tidy.json")
DRAWERS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
"""Names that say nothing of what is inside."""
OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!: \S+( \S+){2})")
"""A mark of unfinished work that does not go on with a colon and a reason of at least three words."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A function or a file, and its length in lines."""

    lines: int
    where: str


@dataclass(frozen=True, slots=True)
class Lengths:
    """The figures that may only fall, in lines."""

    function_median: float
    function_p95: float
    function_max: int
    file_max: int

    def above(self, allowed: Lengths) -> dict[str, tuple[float, float]]:
        """Each figure that is larger than allowed, with what is allowed."""
        mine, theirs = asdict(self), asdict(allowed)
        return {name: (mine[name], theirs[name]) for name in mine if mine[name] > theirs[name]}


def python_files(*folders: str) -> list[Path]:
    """All Python files below the folders of this project."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def measured_files() -> list[Path]:
    """The files of the package that the figures are about."""
    return [path for path in python_files("src") if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[Piece]:
    """Every function of a file, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            whole = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Piece(whole - _docstring(node), f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines of the function are its docstring."""
    if ast.get_docstring(node, clean=False) is None:
        return 0
    text = node.body[0]
    return (text.end_lineno or text.lineno) - text.lineno + 1


def files() -> list[Piece]:
    """Every file of the package."""
    return [
        Piece(len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT)))
        for path in measured_files()
    ]


def all_functions() -> list[Piece]:
    """Every function of the package."""
    return [piece for path in measured_files() for piece in functions(path)]


def measured() -> Lengths:
    """What is."""
    lengths = [piece.lines for piece in all_functions()]
    return Lengths(
        function_median=median(lengths),
        function_p95=round(quantiles(lengths, n=20, method="inclusive")[-1], 1),
        function_max=max(lengths),
        file_max=max(piece.lines for piece in files()),
    )


def allowed() -> Lengths:
    """What may be."""
    figures: Mapping[str, float] = json.loads(ALLOWED.read_text(encoding="utf-8"))
    return Lengths(**figures)  # type: ignore[arg-type]


def worst() -> str:
    """The longest functions and files, to begin with."""
    ranked = [sorted(pieces, key=lambda one: -one.lines)[:8] for pieces in (all_functions(), files())]
    return "\n".join(f"  {piece.lines:4} {piece.where}" for pieces in ranked for piece in pieces)


def unreasoned(path: Path) -> Iterator[str]:
    """Comments that mark unfinished work without a reason."""
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT and OPEN_END.search(token.string):
                yield f"{path}:{token.start[0]}: {token.string}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="allow no more than what is")
    args = parser.parse_args()
    now, limit = measured(), allowed()
    print(f"is:      {now}\nallowed: {limit}\n{worst()}")
    worse = now.above(limit)
    if worse:
        print("worse than allowed, which stays as it is: " + ", ".join(worse))
        return 1
    if args.update:
        ALLOWED.write_text(json.dumps(asdict(now), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
