"""The page on the API is complete: every route, version, error code and limit, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.api.placement import error_codes
from berth.api.placement.routes import OPERATIONS
from berth.api.placement.versions import CHANGES, NEWEST, closed, opened
from berth.settings import Limits

PAGE = (Path(__file__).parents[3] / "docs/api.md").read_text(encoding="utf-8")


def table(header: str) -> list[list[str]]:
    """Return the rows of the table that begins with this header, as cells."""
    lines = PAGE.partition(f"\n{header}\n")[2].splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    assert rows, f"no table begins with {header}"
    return rows


def test_every_route_in_its_order() -> None:
    def since(name: str) -> str:
        first, last = opened(name), closed(name) - 1
        return f"1.{first}" if last == NEWEST else f"1.{first} to 1.{last}"

    assert table("| request | to | version | name |") == [
        [f"`{each.method} {each.path}`", each.summary.lower(), since(each.name), f"`{each.name}`"]
        for each in OPERATIONS
    ]


def test_every_version() -> None:
    assert table("| version | what came | why |") == [
        [f"1.{change.minor}", change.title, change.why] for change in CHANGES
    ]


def test_every_error_code() -> None:
    documented = {row[0].strip("`") for row in table("| code | status | meaning |")}
    assert documented == {value for name, value in vars(error_codes).items() if name.isupper()}


@pytest.mark.parametrize("words", [f"more than {Limits().body_bytes // 2**20} MiB", f"versions 1.0 to 1.{NEWEST}"])
def test_what_else_is_a_number(words: str) -> None:
    assert words in PAGE
