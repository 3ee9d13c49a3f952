"""The help of every command shows no type of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from berth.cli.main import command

TYPE_OF_PYTHON: Final = re.compile(r"<(bool|str|int|float|list|path)\b", re.IGNORECASE)


def commands(group: Any, *before: str) -> Iterator[tuple[str, Any]]:
    """Yield each command, and its words."""
    for name, each in group.commands.items():
        yield from commands(each, *before, name) if hasattr(each, "commands") else [(" ".join((*before, name)), each)]


@pytest.mark.parametrize(("words", "made"), [*commands(command())])
def test_no_type_of_python(words: str, made: Any) -> None:
    shown = {each.name: each.display_type_rich(None) for each in made.params}
    assert {name: text for name, text in shown.items() if TYPE_OF_PYTHON.search(text or "")} == {}, words
