"""The sentences that people read: help, texts of programs, the dashboard, documents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from berth.cli.main import command
from tests.support.document_blocks import ROOT

SOURCE = ROOT / "src/berth"


class Sentence(NamedTuple):
    """A text with the place where it stands."""

    place: str
    text: str


def helps() -> Iterator[Sentence]:
    """Yield the help of every command, argument and option."""
    return _helps(command(), "berth")


def _helps(found: Any, words: str) -> Iterator[Sentence]:
    yield Sentence(words, found.help or "")
    for each in found.params:
        yield Sentence(f"{words} {'/'.join(each.opts)}", getattr(each, "help", None) or "")
    for name, below in getattr(found, "commands", {}).items():
        yield from _helps(below, f"{words} {name}")


def texts() -> Iterator[Sentence]:
    """Yield every text of the program itself: what it prints, answers and logs. A value in it is `{...}`.

    Not those of Placement's API, which its clients compare word for word.
    """
    for path in sorted(set(SOURCE.rglob("*.py")) - set(SOURCE.glob("api/placement/**/*.py"))):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        internal = set(_internal(tree))
        for node in ast.walk(tree):
            text = _text(node)
            if text and id(node) not in internal:
                yield Sentence(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", text)


def _internal(tree: ast.AST) -> Iterator[int]:
    """Yield the texts that no user reads: docstrings, the texts of assertions, and parts of longer texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield id(node.value)
        if isinstance(node, ast.Assert | ast.JoinedStr):
            yield from (id(each) for each in ast.walk(node) if each is not node)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(each.value) if isinstance(each, ast.Constant) else f"{{{ast.unparse(each)}}}" for each in node.values
        )
    return ""


def dashboard() -> Iterator[Sentence]:
    """Yield every text of the dashboard."""
    for path in sorted((SOURCE / "web/static/js").rglob("*.js")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code = line.split(" // ")[0]
            for text in re.findall(r'"[^"]*"|`[^`]*`', "" if code.lstrip().startswith(("*", "/*")) else code):
                yield Sentence(f"{path.relative_to(ROOT)}:{number}", text)


def documents() -> Iterator[Sentence]:
    """Yield every line of the README and of the documents."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield Sentence(f"{path.relative_to(ROOT)}:{number}", re.sub(r"`tests/[^`]*`|<!--.*-->", "", line))


def everything() -> list[Sentence]:
    """Return all of them."""
    return [*helps(), *texts(), *dashboard(), *documents()]
