"""The ratchet: the code may become more comfortable to live in, never less."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.tidy import DRAWERS, ROOT, Lengths, Piece, allowed, functions, measured, python_files, unreasoned, worst


def test_nothing_has_become_longer() -> None:
    worse = measured().above(allowed())
    assert worse == {}, f"(is, allowed): shorten these, or split them\n{worst()}"


def test_no_drawers_without_a_name() -> None:
    paths = python_files("src", "tests", "bench")
    found = [str(path.relative_to(ROOT)) for path in paths if DRAWERS & {path.stem, *path.relative_to(ROOT).parts}]
    assert found == []


def test_unfinished_work_gives_a_reason() -> None:
    assert [mark for path in python_files("src", "tests", "bench") for mark in unreasoned(path)] == []


def test_a_longer_function_is_noticed() -> None:
    limit = Lengths(function_median=4, function_p95=20, function_max=40, file_max=300)
    longer = Lengths(function_median=4, function_p95=20.5, function_max=39, file_max=301)
    assert longer.above(limit) == {"function_p95": (20.5, 20), "file_max": (301, 300)}


def test_a_docstring_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "room.py"
    source.write_text('def documented():\n    """One.\n\n    Two.\n    """\n    return 1\n')
    monkeypatch.setattr("tests.tidy.ROOT", tmp_path)
    assert ast.parse(source.read_text()).body[0].end_lineno == 6
    assert list(functions(source)) == [Piece(2, "room.py:1 documented")]


MARK = "TO" + "DO"
"""Put together here, for this file is searched as well."""


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        (f"# {MARK}", True),
        (f"# {MARK} later", True),
        (f"# {MARK}: later", True),
        (f"# {MARK}: MariaDB 11 can do this in one statement", False),
        ("# " + "FIX" + "ME", True),
        (f"# the {MARK}S of others", False),
    ],
)
def test_what_counts_as_a_reason(comment: str, found: bool, tmp_path: Path) -> None:
    source = tmp_path / "room.py"
    source.write_text(f"x = 1  {comment}\n")
    assert bool(list(unreasoned(source))) == found
