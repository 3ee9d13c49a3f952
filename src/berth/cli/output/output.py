"""What a command says: to people, to programs (JSON), to spreadsheets (CSV). Only what was asked for is on stdout."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
import typer

from berth.cli.output.escape import escape, escape_json
from berth.cli.output.spinner import Spinner

if TYPE_CHECKING:
    from rich.console import Console

    from berth.cli.output.table import Table

PIPE_WIDTH: Final = 10_000
"""Of lines that nobody's terminal has to hold: they are never broken."""


class OutputFormat(enum.Enum):
    """How to say it."""

    PEOPLE = "people"
    JSON = "json"
    CSV = "csv"


def format_of(*, as_json: bool, as_csv: bool = False) -> OutputFormat:
    """How to say it, from what was typed."""
    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both")
    return OutputFormat.JSON if as_json else OutputFormat.CSV if as_csv else OutputFormat.PEOPLE


class Output:
    """Where a command writes."""

    def __init__(self, form: OutputFormat = OutputFormat.PEOPLE) -> None:
        self.form = form
        self._waiting: Spinner | None = None

    def wait(self, what: str) -> None:
        """Say what is being done, if nothing else is said for a while; on terminals only."""
        self.end_wait()
        if sys.stderr.isatty():
            self._waiting = Spinner(what, lambda: self._errors)

    def end_wait(self) -> None:
        """Something is about to be shown, or it is over."""
        if self._waiting is not None:
            self._waiting.end()
            self._waiting = None

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """The same, for as long as it lasts."""
        self.wait(what)
        try:
            yield
        finally:
            self.end_wait()

    @property
    def console(self) -> Console:
        """For what was asked for."""
        self.end_wait()
        return self._console

    @property
    def errors(self) -> Console:
        """For everything else: notes, progress, refusals."""
        self.end_wait()
        return self._errors

    @cached_property
    def _console(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def _errors(self) -> Console:
        return _console(sys.stderr)

    def show(self, data: Any, table: Table, *, more: Iterable[Any] = ()) -> None:
        """A list: data for programs, the table for people and spreadsheets, and what only people want to read."""
        if self.form is OutputFormat.JSON:
            self.json(data)
        elif self.form is OutputFormat.CSV:
            self.end_wait()
            sys.stdout.write(table.csv())
        else:
            self.people(table.rich() if table.rows else None, *more)

    def tell(self, data: Any, *parts: Any) -> None:
        """Something that is no list: data for programs, parts for people (texts are made harmless)."""
        if self.form is OutputFormat.JSON:
            self.json(data)
        else:
            self.people(*parts)

    def people(self, *parts: Any) -> None:
        """For people: texts (made harmless), and whatever else Rich can draw. Never among the lines of a CSV file."""
        console = self.errors if self.form is OutputFormat.CSV else self.console
        for part in parts:
            if part is not None:
                text = isinstance(part, str)
                console.print(escape(part) if text else part, markup=False, highlight=False, soft_wrap=text)

    def json(self, data: Any) -> None:
        """One JSON document."""
        self.end_wait()
        text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
        sys.stdout.write(escape_json(text) + "\n")

    def json_line(self, data: Any) -> None:
        """One document of a stream, written at once."""
        self.end_wait()
        sys.stdout.write(escape_json(msgspec.json.encode(data).decode()) + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Something that people should know beside what they asked for; "": nothing."""
        if text and self.form is OutputFormat.PEOPLE:
            self.errors.print(escape(text), markup=False, highlight=False, style="dim", soft_wrap=True)

    def refuse(self, why: str, *, next_step: str = "", kind: str = "", **more: Any) -> None:
        """Why not, and what to do next; in JSON, if that was asked for. Always on stderr."""
        if self.form is OutputFormat.JSON:
            self.end_wait()
            told = {"error": kind, "why": why, "next": next_step, **more}
            sys.stderr.write(escape_json(msgspec.json.encode(told).decode()) + "\n")
            return
        self.errors.print(f"berth: {escape(why)}", markup=False, highlight=False, soft_wrap=True)
        if next_step:
            self.errors.print(f"       {escape(next_step)}", markup=False, highlight=False, soft_wrap=True)


def _console(stream: IO[str]) -> Console:
    """A console that breaks lines on terminals only (or where COLUMNS says how wide it is)."""
    from rich.console import Console

    wide = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(file=stream, width=PIPE_WIDTH if wide else None, emoji=False)
