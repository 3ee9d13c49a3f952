"""The output of a command in each format: results on stdout, everything else on stderr."""

from __future__ import annotations

import json

import pytest
import typer

from berth.cli.output.output import Output, OutputFormat, format_of
from berth.cli.output.table import Table

TABLE = Table(("NAME", "N"), [("host-1", 1234)])


@pytest.mark.parametrize(
    ("as_json", "as_csv", "expected"),
    [(False, False, OutputFormat.PEOPLE), (True, False, OutputFormat.JSON), (False, True, OutputFormat.CSV)],
)
def test_the_format_is_selected(as_json: bool, as_csv: bool, expected: OutputFormat) -> None:
    assert format_of(as_json=as_json, as_csv=as_csv) is expected


def test_two_formats_are_rejected() -> None:
    with pytest.raises(typer.BadParameter, match="not both"):
        format_of(as_json=True, as_csv=True)


@pytest.mark.parametrize(
    ("form", "out"),
    [
        (OutputFormat.PEOPLE, "NAME        N\nhost-1  1,234\nmore\n"),
        (OutputFormat.JSON, '{\n  "n": 1\n}\n'),
        (OutputFormat.CSV, "name,n\nhost-1,1234\n"),
    ],
)
def test_a_list(form: OutputFormat, out: str, capsys: pytest.CaptureFixture[str]) -> None:
    Output(form).show({"n": 1}, TABLE, more=["more"])
    printed = capsys.readouterr()
    assert ("\n".join(map(str.rstrip, printed.out.splitlines())) + "\n", printed.err) == (out, "")


@pytest.mark.parametrize(
    ("form", "out", "err"),
    [
        (OutputFormat.PEOPLE, "text\n", ""),
        (OutputFormat.JSON, "[\n  1\n]\n", ""),
        (OutputFormat.CSV, "", "text\n"),  # never among the lines of a CSV file
    ],
)
def test_a_result_that_is_not_a_list(
    form: OutputFormat, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Output(form).print_result([1], "text", None)
    assert capsys.readouterr() == (out, err)


def test_a_stream_is_a_document_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(OutputFormat.JSON)
    output.json_line({"n": 1})
    output.json_line("\u202e")
    assert capsys.readouterr().out == '{"n":1}\n"\\u202e"\n'


@pytest.mark.parametrize(
    ("form", "err"), [(OutputFormat.PEOPLE, "a note\n"), (OutputFormat.JSON, ""), (OutputFormat.CSV, "")]
)
def test_notes_are_for_people(form: OutputFormat, err: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(form)
    output.note("a note")
    output.note("")
    assert capsys.readouterr() == ("", err)


def test_a_refusal_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    Output().print_refusal("no room\x1b", next_step="look again", kind="capacity-exceeded")
    assert capsys.readouterr() == ("", "berth: no room\\x1b\n       look again\n")


def test_a_refusal_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    Output(OutputFormat.JSON).print_refusal("no room", next_step="look", kind="capacity-exceeded", amount=4)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert json.loads(printed.err) == {"error": "capacity-exceeded", "why": "no room", "next": "look", "amount": 4}
