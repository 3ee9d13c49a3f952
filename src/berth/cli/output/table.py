"""Tables: printed with colours and bars for people, or as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from berth.cli.output.escape import escape, escape_cell
from berth.model.names import parse_uuid

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

BAR_WIDTH: Final = 12
LONGEST_NAME: Final = 40
"""How long a name may be that is not broken over lines, in characters."""
_NEARLY_FULL, _FAIRLY_FULL = 0.9, 0.7


@dataclass(frozen=True, slots=True)
class Fill:
    """Use of a capacity, drawn as a bar. width: of the bar, in characters."""

    used: int
    capacity: int
    width: int = BAR_WIDTH

    @property
    def share(self) -> float:
        """The used share, 0 to 1 (more if the capacity has shrunk below the amount held)."""
        if self.capacity <= 0:
            return 1.0 if self.used else 0.0
        return self.used / self.capacity

    @property
    def bar(self) -> str:
        """The bar: at least one character for use, and one for free capacity, unless there is none."""
        full = round(min(self.share, 1.0) * self.width)
        if 0 < self.share < 1:
            full = min(max(full, 1), self.width - 1)
        return "█" * full + "░" * (self.width - full)

    @property
    def percent(self) -> str:
        """The share as text: never 0 % if anything is used, never 100 % if anything is free."""
        share = round(self.share * 100)
        if 0 < self.share < 1:
            share = min(max(share, 1), 99)
        return f"{share} %"

    @property
    def colour(self) -> str:
        """The colour for the share."""
        if self.share >= _NEARLY_FULL:
            return "red"
        return "yellow" if self.share >= _FAIRLY_FULL else "green"


TableCell = str | int | float | Fill | None
"""The content of a cell; None: empty. A float has one decimal, as CSV all of them."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows. Columns of numbers are aligned to the right.

    sparse: the columns that a terminal shows only if some row has something there.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[TableCell]]
    sparse: frozenset[str] = frozenset()

    def rich(self) -> RichTable:
        """Return the table for a terminal, with every text escaped. Where it is narrow, names and amounts stay whole.

        What has spaces is wrapped there, and uuids are broken.
        """
        from rich.table import Table as RichTable

        table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        shown = [number for number, name in enumerate(self.columns) if name not in self.sparse or self._has(number)]
        for number in shown:
            cells = [row[number] for row in self.rows]
            right, named = any(isinstance(cell, int | float) for cell in cells), self.columns[number] == "NAME"
            whole = all(_stays_whole(cell, named) for cell in cells)
            table.add_column(self.columns[number], justify="right" if right else "left", no_wrap=whole, overflow="fold")
        for row in self.rows:
            table.add_row(*(rich_cell(row[number]) for number in shown))
        return table

    def _has(self, number: int) -> bool:
        """Whether some row has something in a column."""
        return any(row[number] not in (None, "") for row in self.rows)

    def csv(self) -> str:
        """Return the table as CSV (RFC 4180, but with Unix line ends). A bar becomes the used share."""
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow([name.lower() for name in self.columns])
        writer.writerows([map(_cell, row) for row in self.rows])
        return written.getvalue()


def rich_cell(cell: TableCell) -> Text:
    """Return a cell for a terminal."""
    from rich.text import Text

    if isinstance(cell, Fill):
        return Text.assemble((_printable(cell.bar), cell.colour), f" {cell.percent:>5}")
    if isinstance(cell, int):
        return Text(f"{cell:,}")
    if isinstance(cell, float):
        return Text(f"{cell:,.1f}")
    return Text(escape(cell or ""))


def _printable(bar: str) -> str:
    """Return a bar in characters that standard output can write."""
    try:
        bar.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return bar.replace("█", "#").replace("░", ".")
    return bar


def _cell(cell: TableCell) -> str:
    if isinstance(cell, Fill):
        return f"{cell.share:.4f}"
    return escape_cell(cell) if isinstance(cell, str) else "" if cell is None else str(cell)


def _stays_whole(cell: TableCell, named: bool) -> bool:
    """Whether a cell must not be broken over lines: numbers, bars, names that are not long. named: in their column."""
    if not isinstance(cell, str):
        return True
    return len(cell) <= LONGEST_NAME and (named or " " not in cell) and parse_uuid(cell) is None
