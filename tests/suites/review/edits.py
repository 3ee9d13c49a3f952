"""Edits of a copy of a source tree: planted defects with marks, and harmless twins of them.

A file of edits has `=== name`, `--- path`, then lines of the old text after `-` and of the new after `+`. `@end`
instead of old text adds to the end of the file. A mark `# finding: CWE-89` in a new line says what must be found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.suites.review.marks import MARK

FOLDER = Path(__file__).with_name("planted")


@dataclass(frozen=True, slots=True)
class Edit:
    """One hunk: the text that is replaced ("" for the end of the file), and what replaces it."""

    name: str
    path: str
    old: str
    new: str


def edits(name: str) -> list[Edit]:
    """Return the edits of a file of `planted`."""
    parts = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("=== ")[1:]
    return [_edit(part) for part in parts]


def _edit(text: str) -> Edit:
    name, path, *lines = text.rstrip("\n").split("\n")
    old = "".join(f"{line[1:]}\n" for line in lines if line.startswith("-"))
    new = "".join(f"{line[1:]}\n" for line in lines if line.startswith("+"))
    return Edit(name, path.removeprefix("--- "), old, new)


def edited(root: Path, wanted: Iterable[Edit]) -> dict[str, str]:
    """Return the text files of a tree by path, edited. Raises ValueError for an old text that is not there."""
    files = {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.suffix in {".py", ".html", ".js", ".toml", ".ini", ".mako"} and "__pycache__" not in path.parts
    }
    for edit in wanted:
        text = files[edit.path]
        if edit.old and text.count(edit.old) != 1:
            raise ValueError(f"{edit.name}: its old text stands {text.count(edit.old)} times in {edit.path}")
        files[edit.path] = text.replace(edit.old, edit.new) if edit.old else f"{text}\n\n{edit.new}"
    return files


def marks(files: Mapping[str, str]) -> set[tuple[str, int, int]]:
    """Return the marks of files as (path, line, CWE)."""
    return {
        (path, number, int(cwe.removeprefix("CWE-")))
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (mark := MARK.search(line))
        for cwe in re.split(", ", mark[1])
    }


def without_marks(files: Mapping[str, str]) -> dict[str, str]:
    """Return files without the marks, which a reviewer must not see."""
    return {path: "\n".join(MARK.sub("", line) for line in text.splitlines()) + "\n" for path, text in files.items()}
