"""The output of a command: text, JSON or CSV. Results go to stdout, everything else to stderr."""

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
"""Width of lines that do not go to a terminal, so that they are never wrapped."""


class OutputFormat(enum.Enum):
    """The form of a command's output."""

    PEOPLE = "people"
    JSON = "json"
    CSV = "csv"


def format_of(*, as_json: bool, as_csv: bool = False) -> OutputFormat:
    """Return the output format that the options select. Raises typer.BadParameter for both."""
    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both")
    return OutputFormat.JSON if as_json else OutputFormat.CSV if as_csv else OutputFormat.PEOPLE


class Output:
    """The writer of a command's output, in one format."""

    def __init__(self, form: OutputFormat = OutputFormat.PEOPLE) -> None:
        self.form = form
        self._spinner: Spinner | None = None

    def start_spinner(self, text: str) -> None:
        """Show what is being done if nothing else is printed for a second; on terminals only."""
        self.stop_spinner()
        if sys.stderr.isatty():
            self._spinner = Spinner(text, lambda: self._errors)

    def stop_spinner(self) -> None:
        """Stop the spinner: something is about to be printed, or the work is done."""
        if self._spinner is not None:
            self._spinner.end()
            self._spinner = None

    @contextmanager
    def spinner(self, text: str) -> Iterator[None]:
        """Show a spinner while the context is open."""
        self.start_spinner(text)
        try:
            yield
        finally:
            self.stop_spinner()

    @property
    def console(self) -> Console:
        """The console for results (stdout)."""
        self.stop_spinner()
        return self._console

    @property
    def errors(self) -> Console:
        """The console for notes, progress and refusals (stderr)."""
        self.stop_spinner()
        return self._errors

    @cached_property
    def _console(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def _errors(self) -> Console:
        return _console(sys.stderr)

    def show(self, data: Any, table: Table, *, more: Iterable[Any] = ()) -> None:
        """Print a list: `data` as JSON, `table` as text or CSV; `more` only as text."""
        if self.form is OutputFormat.JSON:
            self.json(data)
        elif self.form is OutputFormat.CSV:
            self.stop_spinner()
            sys.stdout.write(table.csv())
        else:
            self.print(table.rich() if table.rows else None, *more)

    def print_result(self, data: Any, *parts: Any) -> None:
        """Print a result that is not a list: `data` as JSON, or `parts` as text (escaped)."""
        if self.form is OutputFormat.JSON:
            self.json(data)
        else:
            self.print(*parts)

    def print(self, *parts: Any) -> None:
        """Print strings (escaped) and Rich renderables; on stderr if the format is CSV."""
        console = self.errors if self.form is OutputFormat.CSV else self.console
        for part in parts:
            if part is not None:
                text = isinstance(part, str)
                console.print(escape(part) if text else part, markup=False, highlight=False, soft_wrap=text)

    def json(self, data: Any) -> None:
        """Print one JSON document, indented."""
        self.stop_spinner()
        text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
        sys.stdout.write(escape_json(text) + "\n")

    def json_line(self, data: Any) -> None:
        """Print one JSON document on a line, and flush."""
        self.stop_spinner()
        sys.stdout.write(escape_json(msgspec.json.encode(data).decode()) + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Print a note for people beside the result; nothing for ""."""
        if text and self.form is OutputFormat.PEOPLE:
            self.errors.print(escape(text), markup=False, highlight=False, style="dim", soft_wrap=True)

    def print_refusal(self, why: str, *, next_step: str = "", kind: str = "", **more: Any) -> None:
        """Print why a command was refused, and the next step, on stderr; as JSON if that is the format."""
        if self.form is OutputFormat.JSON:
            self.stop_spinner()
            problem = {"error": kind, "why": why, "next": next_step, **more}
            sys.stderr.write(escape_json(msgspec.json.encode(problem).decode()) + "\n")
            return
        self.errors.print(f"berth: {escape(why)}", markup=False, highlight=False, soft_wrap=True)
        if next_step:
            self.errors.print(f"       {escape(next_step)}", markup=False, highlight=False, soft_wrap=True)


def _console(stream: IO[str]) -> Console:
    """Return a console that wraps lines only on terminals, or if COLUMNS is set."""
    from rich.console import Console

    wide = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(file=stream, width=PIPE_WIDTH if wide else None, emoji=False)
