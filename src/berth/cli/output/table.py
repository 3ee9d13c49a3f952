"""Tables: rows once, shown to people with colours and bars, to spreadsheets as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from berth.cli.output.escape import escape, escape_cell

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

BAR_WIDTH: Final = 12
_NEARLY_FULL, _RATHER_FULL = 0.9, 0.7


@dataclass(frozen=True, slots=True)
class Fill:
    """How much of something is used, drawn as a bar. width: of the bar, in characters."""

    used: int
    capacity: int
    width: int = BAR_WIDTH

    @property
    def share(self) -> float:
        """The used part, 0 to 1 (more, if the capacity has shrunk below what is held)."""
        if self.capacity <= 0:
            return 1.0 if self.used else 0.0
        return self.used / self.capacity

    @property
    def bar(self) -> str:
        """The bar. Whatever is used shows, and so does whatever is free."""
        full = round(min(self.share, 1.0) * self.width)
        if 0 < self.share < 1:
            full = min(max(full, 1), self.width - 1)
        return "█" * full + "░" * (self.width - full)

    @property
    def percent(self) -> str:
        """The share in words: never 0 % if something is used, never 100 % if something is free."""
        share = round(self.share * 100)
        if 0 < self.share < 1:
            share = min(max(share, 1), 99)
        return f"{share} %"

    @property
    def colour(self) -> str:
        """How full it is, as a colour."""
        if self.share >= _NEARLY_FULL:
            return "red"
        return "yellow" if self.share >= _RATHER_FULL else "green"


TableCell = str | int | Fill | None
"""None: there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, whose numbers stand to the right, and rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[TableCell]]

    def rich(self) -> RichTable:
        """The table for a terminal. Every text in it is made harmless."""
        from rich.table import Table as RichTable

        table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for number, name in enumerate(self.columns):
            numeric = any(isinstance(row[number], int) for row in self.rows)
            table.add_column(name, justify="right" if numeric else "left", no_wrap=_short(self.rows, number))
        for row in self.rows:
            table.add_row(*map(shown, row))
        return table

    def csv(self) -> str:
        """The table as CSV (RFC 4180, but with line ends of Unix). A bar is the share that is used."""
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow([name.lower() for name in self.columns])
        writer.writerows([map(_cell, row) for row in self.rows])
        return written.getvalue()


def shown(cell: TableCell) -> Text:
    """A cell for a terminal."""
    from rich.text import Text

    if isinstance(cell, Fill):
        return Text.assemble((cell.bar, cell.colour), f" {cell.percent:>5}")
    if isinstance(cell, int):
        return Text(f"{cell:,}")
    return Text(escape(cell or ""))


def _cell(cell: TableCell) -> str:
    if isinstance(cell, Fill):
        return f"{cell.share:.4f}"
    return escape_cell(cell) if isinstance(cell, str) else "" if cell is None else str(cell)


def _short(rows: Sequence[Sequence[TableCell]], number: int) -> bool:
    """Whether a column should rather stay whole than be broken into lines: numbers, bars, uuids."""
    return all(not isinstance(row[number], str) or len(str(row[number])) <= 40 for row in rows)
