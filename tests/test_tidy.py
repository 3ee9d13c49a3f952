"""The ratchet: the code may become more readable, never less. See `tidy.json`."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.docstrings import begins_well, without_verb, words_used
from tests.names import defined_twice, unclear_modules, vague_functions
from tests.tidy import (
    DRAWERS,
    ROOT,
    Figures,
    Lengths,
    Piece,
    allowed,
    functions,
    measured,
    measured_files,
    python_files,
    unreasoned,
    worst,
)

ALLOWED = Figures(
    lengths=Lengths(function_median=4, function_p95=20, function_max=40, file_max=300),
    without_verb=3,
    vague_functions=2,
    words={"told": 1},
    defined_twice=["Call"],
)


def test_nothing_has_become_worse() -> None:
    worse = measured().above(allowed())
    assert worse == {}, f"(present, allowed): shorten, split or reword; see CONTRIBUTING\n{worst()}"


def test_modules_are_named_by_nouns_of_the_field() -> None:
    assert unclear_modules(path.relative_to(ROOT / "src") for path in measured_files()) == []


def test_no_drawers_without_a_name() -> None:
    paths = python_files("src", "tests", "bench")
    found = [str(path.relative_to(ROOT)) for path in paths if DRAWERS & {path.stem, *path.relative_to(ROOT).parts}]
    assert found == []


def test_unfinished_work_gives_a_reason() -> None:
    assert [mark for path in python_files("src", "tests", "bench") for mark in unreasoned(path)] == []


@pytest.mark.parametrize(
    ("changed", "noticed"),
    [
        ({"lengths": replace(ALLOWED.lengths, function_p95=20.5)}, {"function_p95": (20.5, 20)}),
        ({"lengths": replace(ALLOWED.lengths, file_max=301)}, {"file_max": (301, 300)}),
        ({"lengths": replace(ALLOWED.lengths, function_max=39)}, {}),
        ({"without_verb": 4}, {"without_verb": (4, 3)}),
        ({"vague_functions": 3}, {"vague_functions": (3, 2)}),
        ({"words": {"told": 2}}, {"word 'told'": (2, 1)}),
        ({"words": {"told": 0, "anew": 1}}, {"word 'anew'": (1, 0)}),
        ({"defined_twice": ["Call", "Order"]}, {"defined_twice": (["Order"], [])}),
        ({"defined_twice": []}, {}),
    ],
)
def test_what_is_worse_is_noticed(changed: dict[str, Any], noticed: dict[str, tuple[object, object]]) -> None:
    assert replace(ALLOWED, **changed).above(ALLOWED) == noticed


@pytest.mark.parametrize(
    ("path", "unclear"),
    [
        ("ledger/looking.py", True),
        ("ledger/patience.py", True),
        ("discover/find_settling.py", True),
        ("sieve/group.py", True),
        ("ledger/retry.py", False),
        ("fleet/explain/wording.py", True),
        ("fleet/explain/sentence.py", False),
        ("model/string.py", False),
    ],
)
def test_what_an_unclear_name_is(path: str, unclear: bool) -> None:
    assert unclear_modules([Path(path)]) == ([path] if unclear else [])


def test_which_functions_have_vague_names(tmp_path: Path) -> None:
    source = tmp_path / "room.py"
    source.write_text("def _told(): ...\nasync def take(): ...\ndef take_lock(): ...\n")
    assert list(vague_functions(source)) == [f"{source}:1 _told", f"{source}:2 take"]


def test_a_type_defined_twice_is_noticed(tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text("class Order: ...\nclass Retry: ...\nLIMIT = 1\n_Step = int\n")
    second.write_text("Order = int | str\nLIMIT: int = 2\n_Step = str\n")
    assert defined_twice([first, second]) == {"Order": [str(first), str(second)]}


@pytest.mark.parametrize(
    ("text", "well"),
    [
        ("Return the fleet.", True),
        ("Whether the token is valid.", True),
        ("The fleet, locked.", False),
        ("What comes to pass.", False),
        ("return the fleet.", False),
        ("204.", False),
    ],
)
def test_how_a_docstring_begins(text: str, well: bool) -> None:
    assert begins_well(text) == well


def test_only_functions_must_begin_with_a_verb(tmp_path: Path) -> None:
    source = tmp_path / "room.py"
    source.write_text(
        'class Fleet:\n    """The fleet."""\n\n    @property\n    def size(self):\n        """The size."""\n\n'
        '    def find(self):\n        """A host."""\n\n    def quiet(self): ...\n'
    )
    assert list(without_verb(source)) == [f"{source}:8 find: A host."]


def test_words_are_counted_in_texts_only(tmp_path: Path) -> None:
    source = tmp_path / "room.py"
    source.write_text('"""Told: so\nmany."""\ntold = f"nobody is told {1}"  # toldest\n')
    counts = {word: count for word, count in words_used([source]).items() if count}
    assert counts == {"nobody": 1, "so many": 1, "told": 2}


def test_a_docstring_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "room.py"
    source.write_text('def documented():\n    """One.\n\n    Two.\n    """\n    return 1\n')
    monkeypatch.setattr("tests.tidy.ROOT", tmp_path)
    assert ast.parse(source.read_text()).body[0].end_lineno == 6
    assert list(functions(source)) == [Piece(2, "room.py:1 documented")]


MARK = "TO" + "DO"
"""In two parts, because this file is searched too."""


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
