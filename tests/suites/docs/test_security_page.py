"""The page on security has the whole list of weaknesses, each with a control and with tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.document_blocks import ROOT

PAGE: Final = ROOT / "docs/security.md"
TOP_25: Final = (
    *(79, 89, 352, 862, 787, 22, 416, 125, 78, 94, 120, 434, 476, 121, 502, 122, 863, 20, 284, 200, 306, 918, 77),
    *(639, 770),
)
"""The CWE Top 25 of 2025, in its order: https://cwe.mitre.org/top25/archive/2025/2025_cwe_top25.html"""

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of the table."""
    table = text.partition("<!-- cwe -->")[2].partition("<!-- end of cwe -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("| CWE-")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@cache
def found_in(path: Path) -> frozenset[str]:
    """Return the tests of a file, as pytest finds them; none if there is no such file."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")


def missing(text: str) -> list[str]:
    """Return tests that a text names and that do not exist."""
    return [f"{path}::{name}" for path, name in NAMED.findall(text) if name not in found_in(ROOT / path)]


def test_all_25_are_there_in_their_order() -> None:
    numbers = [int(cells[0].split()[0].removeprefix("CWE-")) for cells in rows(PAGE.read_text(encoding="utf-8"))]
    assert (len(set(TOP_25)), numbers) == (25, list(TOP_25))


@pytest.mark.parametrize("cells", rows(PAGE.read_text(encoding="utf-8")), ids=lambda cells: str(cells[0].split()[0]))
def test_each_has_a_place_a_control_and_a_test(cells: list[str]) -> None:
    assert len(cells) == 4
    assert all(cells)
    assert NAMED.sub("", cells[3]).strip(" ,") == "", "only names of tests"
    assert NAMED.findall(cells[3])


def test_every_test_that_is_named_is_there() -> None:
    assert missing(PAGE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "name",
    [
        "tests/suites/docs/test_security_page.py::test_nothing",
        "tests/suites/docs/test_nothing.py::test_all_25_are_there_in_their_order",
        "tests/suites/docs/test_security_page.py::missing",
    ],
)
def test_a_wrong_name_is_noticed(name: str) -> None:
    assert missing(f"see `{name}`") == [name]
