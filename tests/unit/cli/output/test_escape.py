"""Names are other people's words: none of them reaches a terminal or a spreadsheet as an order."""

from __future__ import annotations

import csv
import io
import json

import pytest

from berth.cli.output.escape import escape, escape_cell, escape_json
from berth.cli.output.output import Output
from berth.cli.output.table import Fill, Table

NASTY = ["\x1b[31mred", "a\rb", "bell\x07", "\x9b31m", "\u202eedoc", "a\nb", "\x7f", "\u2028", "nul\x00", "tab\t"]


@pytest.mark.parametrize("text", NASTY)
def test_what_steers_a_terminal_is_shown_as_an_escape(text: str) -> None:
    assert escape(text).isprintable()
    assert "\\" in escape(text)


@pytest.mark.parametrize("text", ["host-1", "Grüße", "機", "[red]not markup[/red]", ":smile:", "a b"])
def test_what_does_not_is_left_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize("text", [*NASTY, "Grüße", '"\\'])
def test_json_means_the_same_and_steers_nothing(text: str) -> None:
    written = escape_json(json.dumps({"name": text}, ensure_ascii=False))
    assert json.loads(written) == {"name": text}
    assert written.isprintable()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "=cmd|' /C calc'!A0"])
def test_a_cell_is_no_formula(text: str) -> None:
    (row,) = list(csv.reader(io.StringIO(Table(["name"], [[text]]).csv())))[1:]
    assert row == [escape_cell(text)]
    assert row[0].startswith("'")


@pytest.mark.parametrize("text", [*NASTY, "[red]x[/red]", "[link=http://x]y[/link]"])
def test_a_table_shows_every_character_that_is_not_harmless(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Output().show([], Table(["NAME", "N"], [[text, 1]]), more=[text])
    out = capsys.readouterr().out
    header, row, line = out.splitlines()
    assert header.split() == ["NAME", "N"]
    assert row.rstrip().removesuffix("1").rstrip() == line == escape(text)


@pytest.mark.parametrize(
    ("used", "capacity", "bar", "percent"),
    [
        (0, 64, "░░░░", "0 %"),
        (1, 1000, "█░░░", "1 %"),
        (32, 64, "██░░", "50 %"),
        (999, 1000, "███░", "99 %"),
        (64, 64, "████", "100 %"),
        (80, 64, "████", "125 %"),
        (0, 0, "░░░░", "0 %"),
        (1, 0, "████", "100 %"),
    ],
)
def test_bars(used: int, capacity: int, bar: str, percent: str) -> None:
    fill = Fill(used, capacity, width=4)
    assert (fill.bar, fill.percent) == (bar, percent)
