"""Links between documents lead somewhere, every document can be reached, and files and names in them exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.document_blocks import ROOT, documents

LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`([a-z_]+/(?:[a-z_]+/)*(?:[a-z_]+/|[a-z_0-9]+\.(?:py|md|json|toml|txt)))`")
MODULE = re.compile(r"(?<![\w/.`])[a-z_]+/(?:[a-z_]+/)*[a-z_0-9]+\.py\b")
"""The same for modules that diagrams name."""
NAME = re.compile(r"`(berth(?!\.db\b)(?:\.[A-Za-z_]+)+)(?:\(.*?\))?`")
FOLDERS = (ROOT, ROOT / "src", ROOT / "src/berth")
"""Where a path that a document mentions may begin."""

OUTSIDE = ("http://", "https://", "mailto:")
WHERE_DOCUMENTS = pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))


def prose(document: Path) -> str:
    """Return a document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def targets(document: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield every link within the project: as written, the file, the anchor."""
    for link in LINK.findall(prose(document)):
        if not link.startswith(OUTSIDE):
            path, _, anchor = link.partition("#")
            yield link, (document.parent / path).resolve() if path else document, anchor


@WHERE_DOCUMENTS
def test_links_lead_somewhere(document: Path) -> None:
    for link, path, anchor in targets(document):
        assert path.exists(), f"{document.name} links to {link}, which is not there"
        assert not anchor or anchor in anchors(path), (
            f"{document.name} links to {link}: {path.name} has no such heading"
        )


def test_every_document_is_within_reach_of_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document.suffix == ".md" and document.is_file() and document not in reached:
            reached.add(document)
            waiting += [path for _, path, _ in targets(document)]
    assert [str(path.relative_to(ROOT)) for path in documents() if path not in reached] == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:3]) for path in (ROOT / "docs/decisions").glob("*.md"))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers


@WHERE_DOCUMENTS
def test_files_that_are_mentioned_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path in [*PATH.findall(text), *MODULE.findall(text)]:
        assert any((folder / path).exists() for folder in (*FOLDERS, document.parent)), (
            f"{document.name} speaks of {path}"
        )


FILES_OF_USERS = {"berth.toml"}
"""Names that are dotted because they are of files, which are not part of this tree."""


@WHERE_DOCUMENTS
def test_names_that_are_mentioned_exist(document: Path) -> None:
    for name in NAME.findall(document.read_text(encoding="utf-8")):
        assert name in FILES_OF_USERS or _there(name), f"{document.name} speaks of {name}"


def _there(name: str) -> bool:
    """Whether a dotted name can be reached by importing its longest module and asking for the rest."""
    words = name.split(".")
    for place in range(len(words), 0, -1):
        try:
            found: Any = import_module(".".join(words[:place]))
        except ModuleNotFoundError:
            continue
        for word in words[place:]:
            if not hasattr(found, word) and word not in getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, word, None)
        return True
    return False


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("berth.open", True),
        ("berth.nothing", False),
        ("berth.Inventory.total", True),
        ("berth.ledger.write.writer.Writer", True),
    ],
)
def test_how_names_are_looked_for(name: str, there: bool) -> None:
    assert _there(name) is there


def test_the_patterns_find_what_they_are_for() -> None:
    assert PATH.findall("`fleet/find/find.py`, `api/placement/`, `x/`, `y`") == ["fleet/find/find.py", "api/placement/"]
    assert NAME.findall("`berth.open(url)`, `berth serve`, the file `berth.db`") == ["berth.open"]
    assert LINK.findall("[a](b.md#c) and [d](e)") == ["b.md#c", "e"]
