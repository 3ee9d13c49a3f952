"""`berth top`: the fleet at a glance, refreshed."""

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
from berth.model.plural import plural

if TYPE_CHECKING:
    from rich.console import Group

HOSTS: Final = 10
CHANGES: Final = 8
LINES_BESIDE: Final = 12
"""Lines of the screen that show neither hosts nor changes nor classes."""


@ledger_command()
def top(
    session: Session,
    interval: Annotated[float, typer.Option(metavar="SECONDS", min=0.2, help="Seconds between two refreshes.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print once, as when the output is not a terminal.")] = False,
) -> None:
    """Watch the fleet: totals by class, the fullest hosts, the latest changes. Press q or Ctrl-C to quit.

    Example: berth top --interval 5
    """
    view = _FleetView(session)
    if session.output.form is OutputFormat.JSON:
        session.output.json(view.data())
    elif once or not session.output.console.is_terminal:
        session.output.print(view.renderable())
    else:
        _live(session, view, interval)


class _FleetView:
    """The fleet as last read. Hosts and changes are read again only after a change."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.overview: Overview = session.ledger.overview()
        self.changes: list[Change] = []
        self.fullest: list[MapCell] = []
        self.error_text = ""
        self._read()

    def refresh(self) -> None:
        """Read the fleet again. If the server is unavailable, keep the last state and show the error."""
        try:
            before, self.overview = self.overview, self.session.ledger.overview()
            self.error_text = ""
            if self.overview != before:
                self._read()
        except Unavailable as error:
            self.error_text = f"{error}: trying again"

    def data(self) -> dict[str, object]:
        """Return the state for programs."""
        return {"overview": self.overview, "fullest": self.fullest, "changes": self.changes}

    def renderable(self, lines: int = 1_000) -> Group:
        """Return the state for people, in about `lines` lines."""
        from rich.console import Group
        from rich.text import Text

        overview = self.overview
        head = (
            f"{plural(overview.roots, 'host')}, {plural(overview.providers, 'provider')}, "
            f"{plural(overview.traits, 'trait')}, {plural(overview.aggregates, 'aggregate')}, "
            f"{plural(overview.head, 'change')}"
        )
        free_lines = max(lines - LINES_BESIDE - len(overview.classes), 2)
        parts: list[Any] = [
            Text(head, style="bold"),
            Text(escape(self.error_text), style="red"),
            tables.totals(overview.classes).rich(),
        ]
        if self.fullest:
            parts += [Text(), hosts(self.fullest[: max(free_lines // 2, 1)]).rich()]
        if self.changes:
            parts += [Text(), Text("latest changes", style="bold")]
            shown = self.changes[-max(free_lines // 2, 1) :]
            parts += [
                Text(escape(line(each, self.session.name_of)), overflow="ellipsis", no_wrap=True)
                for each in shown[::-1]
            ]
        return Group(*parts)

    def _read(self) -> None:
        ledger = self.session.ledger
        classes = tuple(each.name for each in self.overview.classes)
        fleet_map: FleetMap = ledger.map(MapQuery(classes=classes, by=GroupBy.HOSTS))
        self.fullest = sorted(fleet_map.cells, key=lambda cell: (-_share(cell), cell.name))[:HOSTS]
        self.changes = self.session.latest_changes(CHANGES)


def hosts(cells: list[MapCell]) -> Table:
    """Return hosts with their use."""
    rows = []
    for cell in cells:
        fills = {name: Fill(cell.used.get(name, 0), capacity) for name, capacity in cell.capacity.items()}
        name, fill = max(fills.items(), key=lambda item: item[1].share, default=("", None))
        rows.append(
            (
                cell.name,
                fill,
                name,
                ", ".join(f"{each} {cell.used.get(each, 0):,}/{total:,}" for each, total in cell.capacity.items()),
            )
        )
    return Table(("FULLEST HOSTS", "USED", "OF", "USED OF CAPACITY"), rows)


def _share(cell: MapCell) -> float:
    return max((Fill(cell.used.get(name, 0), total).share for name, total in cell.capacity.items()), default=0.0)


def _live(session: Session, view: _FleetView, interval: float) -> None:
    from rich.live import Live

    console = session.output.console
    with (
        contextlib.suppress(KeyboardInterrupt),
        _key_reader() as q_pressed,
        Live(view.renderable(console.height), console=console, screen=True, auto_refresh=False) as live,
    ):
        while not q_pressed(interval):
            view.refresh()
            live.update(view.renderable(console.height), refresh=True)


@contextlib.contextmanager
def _key_reader() -> Iterator[Callable[[float], bool]]:
    """Yield a function that waits for some seconds and returns whether q was pressed."""
    if not sys.stdin.isatty():
        yield _wait
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _wait_for_q
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _wait_for_q(seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while (remaining := deadline - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], remaining)[0] and sys.stdin.read(1).lower() == "q":
            return True
    return False
