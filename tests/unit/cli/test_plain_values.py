"""Options whose values are kept as they are have the values that Typer's own conversion gives."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
import typer.main

from berth.cli.plain_values import keep_plain_values


class Order(enum.StrEnum):
    """A choice."""

    UUID = "uuid"
    OLDEST = "oldest"


def given(words: list[str], *, plain: bool) -> Any:
    """Return what a command gets, or the message of its refusal."""
    got: list[Any] = []

    def run(
        names: list[str],
        text: str = "",
        texts: Annotated[list[str], typer.Option()] = [],  # noqa: B006 - as Typer has it
        wait: Annotated[float, typer.Option(min=0, envvar="WAIT")] = 0,
        limit: Annotated[int | None, typer.Option(min=1)] = None,
        order: Order = Order.UUID,
        file: Path | None = None,
        upper: Annotated[str, typer.Option(parser=str.upper)] = "a",
        flag: bool = False,
    ) -> None:
        got.extend((names, text, texts, wait, limit, order, file, upper, flag))

    app = typer.Typer(add_completion=False)
    app.command()(run)
    command: Any = typer.main.get_command(app)
    if plain:
        for parameter in command.params:
            keep_plain_values(parameter)
    try:
        command.main(words, standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - to compare it
        return type(error), str(error)
    return [*map(type, got), *got]


@pytest.mark.parametrize(
    "words",
    [
        "a",
        "",
        "a --text x --texts y --texts z",
        "a --wait 1.5 --limit 3 --order oldest --file f --flag",
        "a --wait -1",
        "a --limit 0",
        "a --limit x",
        "a --order newest",
        "a --upper x",
    ],
)
def test_a_command_gets_the_same(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(words.split(), plain=True) == given(words.split(), plain=False)
    monkeypatch.setenv("WAIT", "2")
    assert given(words.split(), plain=True) == given(words.split(), plain=False)
