"""`berth top`: the fleet at a glance, again and again."""

from __future__ import annotations

import contextlib
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from berth.cli.command import ledger_command
from berth.cli.output import tables
from berth.cli.output.change_text import line
from berth.cli.output.escape import escape
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Fill, Table
from berth.cli.session import Session
from berth.model.change import Change
from berth.model.errors import Unavailable
from berth.model.overview import FleetMap, GroupBy, MapCell, MapQuery, Overview

if TYPE_CHECKING:
    from rich.console import Group

HOSTS: Final = 10
CHANGES: Final = 8
LINES_BESIDE: Final = 12
"""Of a screen, those that are neither hosts nor changes nor classes."""


@ledger_command()
def top(
    session: Session,
    interval: Annotated[float, typer.Option(metavar="SECONDS", min=0.2, help="How long between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, as when the output is no terminal.")] = False,
) -> None:
    """Watch the fleet: totals by class, the fullest hosts, the latest changes. q or Ctrl-C ends it.

    Example: berth top --interval 5
    """
    watched = _Watched(session)
    if session.output.form is OutputFormat.JSON:
        session.output.json(watched.data())
    elif once or not session.output.console.is_terminal:
        session.output.people(watched.drawn())
    else:
        _live(session, watched, interval)


class _Watched:
    """The fleet as it was when it last answered. Hosts and changes are only read again when something has changed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.overview: Overview = session.ledger.overview()
        self.changes: list[Change] = []
        self.fullest: list[MapCell] = []
        self.trouble = ""
        self._read()

    def look(self) -> None:
        """Look again. A server that is away is said so, and what was known stays."""
        try:
            before, self.overview = self.overview.head, self.session.ledger.overview()
            self.trouble = ""
            if self.overview.head != before:
                self._read()
        except Unavailable as error:
            self.trouble = f"{error}: trying again"

    def data(self) -> dict[str, object]:
        """For programs."""
        return {"overview": self.overview, "fullest": self.fullest, "changes": self.changes}

    def drawn(self, lines: int = 1_000) -> Group:
        """For people, in about so many lines."""
        from rich.console import Group
        from rich.text import Text

        it = self.overview
        head = (
            f"{it.roots:,} hosts, {it.providers:,} providers, {it.traits:,} traits, {it.aggregates:,} aggregates, "
            f"{it.head:,} changes"
        )
        room = max(lines - LINES_BESIDE - len(it.classes), 2)
        parts: list[Any] = [
            Text(head, style="bold"),
            Text(escape(self.trouble), style="red"),
            tables.totals(it.classes).rich(),
        ]
        if self.fullest:
            parts += [Text(), hosts(self.fullest[: max(room // 2, 1)]).rich()]
        if self.changes:
            parts += [Text(), Text("latest changes", style="bold")]
            shown = self.changes[-max(room // 2, 1) :]
            parts += [
                Text(escape(line(each, self.session.name_of)), overflow="ellipsis", no_wrap=True)
                for each in shown[::-1]
            ]
        return Group(*parts)

    def _read(self) -> None:
        verbs = self.session.ledger
        classes = tuple(each.name for each in self.overview.classes)
        found: FleetMap = verbs.map(MapQuery(classes=classes, by=GroupBy.HOSTS))
        self.fullest = sorted(found.cells, key=lambda cell: (-_share(cell), cell.name))[:HOSTS]
        self.changes = verbs.changes(max(self.overview.head - CHANGES, 0), CHANGES)


def hosts(cells: list[MapCell]) -> Table:
    """Hosts with how full they are."""
    rows = []
    for cell in cells:
        fills = {name: Fill(cell.used.get(name, 0), capacity) for name, capacity in cell.capacity.items()}
        name, fill = max(fills.items(), key=lambda item: item[1].share, default=("", None))
        rows.append(
            (
                cell.name,
                fill,
                name,
                ", ".join(f"{it} {cell.used.get(it, 0):,}/{of:,}" for it, of in cell.capacity.items()),
            )
        )
    return Table(("FULLEST HOSTS", "USED", "OF", "USED OF CAPACITY"), rows)


def _share(cell: MapCell) -> float:
    return max((Fill(cell.used.get(name, 0), of).share for name, of in cell.capacity.items()), default=0.0)


def _live(session: Session, watched: _Watched, interval: float) -> None:
    from rich.live import Live

    console = session.output.console
    with (
        contextlib.suppress(KeyboardInterrupt),
        _keys() as pressed,
        Live(watched.drawn(console.height), console=console, screen=True, auto_refresh=False) as live,
    ):
        while not pressed(interval):
            watched.look()
            live.update(watched.drawn(console.height), refresh=True)


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], bool]]:
    """A function that waits for so many seconds, and says whether q was pressed meanwhile."""
    if not sys.stdin.isatty():
        yield _waited
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _pressed
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _waited(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _pressed(seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left)[0] and sys.stdin.read(1).lower() == "q":
            return True
    return False
