"""Measurements of how readable the code is, for the ratchet of `test_tidy`.

    python -m tests.tidy              the present figures, those allowed, and the worst places
    python -m tests.tidy --update     allow no more than the present figures

`tidy.json` has five parts: `lengths` in lines; `without_verb`, the number of functions whose docstring does not begin
with a verb; `vague_functions`, the number of those with a name that says nothing; `words`, how often each unclear word
is used; `defined_twice`, the public types with several definitions.

A function's length is counted from its ``def`` to its last line, without its docstring: a longer docstring does not
make it worse.  Migrations do not count: none of them may be changed again.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.docstrings import without_verb, words_used
from tests.names import defined_twice, vague_functions

ROOT = Path(__file__).parent.parent
ALLOWED = Path(__file__).with_name("tidy.json")
DRAWERS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
"""Names that say nothing about the contents."""
OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!: \S+( \S+){2})")
"""A mark of unfinished work that does not go on with a colon and a reason of at least three words."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A function or a file, and its length in lines."""

    lines: int
    where: str


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths in lines."""

    function_median: float
    function_p95: float
    function_max: int
    file_max: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that may only fall."""

    lengths: Lengths
    without_verb: int
    vague_functions: int
    words: dict[str, int]
    defined_twice: list[str]

    def above(self, allowed: Figures) -> dict[str, tuple[object, object]]:
        """Return each figure that is larger than allowed, with the one allowed."""
        mine, theirs = self._flat(), allowed._flat()
        larger = {name: (figure, theirs.get(name, 0)) for name, figure in mine.items() if figure > theirs.get(name, 0)}
        new = set(self.defined_twice) - set(allowed.defined_twice)
        return {**larger, **({"defined_twice": (sorted(new), [])} if new else {})}

    def _flat(self) -> dict[str, float]:
        words = {f"word {word!r}": count for word, count in self.words.items()}
        figures = {"without_verb": self.without_verb, "vague_functions": self.vague_functions}
        return {**asdict(self.lengths), **figures, **words}


def python_files(*folders: str) -> list[Path]:
    """Return all Python files below the folders of this project."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def measured_files() -> list[Path]:
    """Return the files of the package that are measured."""
    return [path for path in python_files("src") if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[Piece]:
    """Yield every function of a file, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            whole = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Piece(whole - _docstring(node), f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines of the function are its docstring."""
    if ast.get_docstring(node, clean=False) is None:
        return 0
    text = node.body[0]
    return (text.end_lineno or text.lineno) - text.lineno + 1


def files() -> list[Piece]:
    """Return every file of the package."""
    return [
        Piece(len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT)))
        for path in measured_files()
    ]


def all_functions() -> list[Piece]:
    """Return every function of the package."""
    return [piece for path in measured_files() for piece in functions(path)]


def measured_lengths() -> Lengths:
    """Measure the package's functions and files."""
    lengths = [piece.lines for piece in all_functions()]
    return Lengths(
        function_median=median(lengths),
        function_p95=round(quantiles(lengths, n=20, method="inclusive")[-1], 1),
        function_max=max(lengths),
        file_max=max(piece.lines for piece in files()),
    )


def docstrings_without_verb() -> list[str]:
    """List the functions of the package whose docstring does not begin with a verb."""
    return [function.removeprefix(f"{ROOT}/") for path in measured_files() for function in without_verb(path)]


def measured() -> Figures:
    """Return the present figures."""
    paths = measured_files()
    return Figures(
        lengths=measured_lengths(),
        without_verb=len(docstrings_without_verb()),
        vague_functions=sum(len(list(vague_functions(path))) for path in paths),
        words=words_used(paths),
        defined_twice=list(defined_twice(paths)),
    )


def allowed() -> Figures:
    """Read the figures allowed."""
    figures = json.loads(ALLOWED.read_text(encoding="utf-8"))
    return Figures(**{**figures, "lengths": Lengths(**figures["lengths"])})


def worst() -> str:
    """Return the longest functions and files, and some docstrings without a verb, as text."""
    ranked = [sorted(pieces, key=lambda one: -one.lines)[:8] for pieces in (all_functions(), files())]
    lines = [f"  {piece.lines:4} {piece.where}" for pieces in ranked for piece in pieces]
    return "\n".join([*lines, *(f"       {function}" for function in docstrings_without_verb()[:8])])


def unreasoned(path: Path) -> Iterator[str]:
    """Yield comments that mark unfinished work without a reason."""
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT and OPEN_END.search(token.string):
                yield f"{path}:{token.start[0]}: {token.string}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="allow no more than the present figures")
    args = parser.parse_args()
    now, limit = measured(), allowed()
    print(f"present: {now}\nallowed: {limit}\n{worst()}")
    worse = now.above(limit)
    if worse:
        print("worse than allowed, and tidy.json is left unchanged: " + ", ".join(worse))
        return 1
    if args.update:
        ALLOWED.write_text(json.dumps(asdict(now), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
