"""A live server for each module, and somebody who watches its ledger from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from berth.fleet.views.providers import snapshot
from berth.ledger import Ledger, open_ledger
from tests.support.cases.placement_world import NEWEST, World, fill
from tests.support.commands import berth_command
from tests.support.databases import chosen_kinds, is_long, ledger_database, require_database
from tests.support.raw_http import RawConnection, RawReply
from tests.support.servers import running

ON_ONE_DATABASE = pytest.mark.parametrize(
    "database_kind", chosen_kinds() if is_long() else chosen_kinds()[:1], indirect=True, scope="module"
)
"""Marks what is answered before a database is asked, or is the same on all: it is tested on all in the long form."""


@dataclass(frozen=True, slots=True)
class Live:
    """A server on a ledger of its own. log: the file that it writes to."""

    port: int
    wire: RawConnection
    log: Path
    ledger: Ledger

    def state(self) -> tuple[Any, ...]:
        """All that the ledger holds, as another process sees it: equal if nothing has changed."""
        with self.ledger._writer.read() as fleet:
            shown = snapshot(fleet)
        changes = self.ledger.changes(max(0, shown["head"] - 1))
        return shown, [change.number for change in changes]


@pytest.fixture(scope="module")
def live(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    require_database(database_kind)
    folder = tmp_path_factory.mktemp("live")
    with (
        ledger_database(database_kind, folder) as url,
        running([*berth_command(), "serve", "--database", url], folder) as server,
        open_ledger(url) as ledger,
        RawConnection(server.port) as wire,
    ):
        yield Live(server.port, wire, folder / "server.log", ledger)
    assert server.status == 0
    assert "Traceback" not in server.output


@dataclass(slots=True)
class Guard:
    """Sees to it that a ledger stays as it is while it is asked for what it must refuse."""

    live: Live
    world: World
    before: tuple[Any, ...]

    def check(self, got: RawReply | None, about: str, *, words: str = "") -> str:
        """What is wrong with the answer to something hostile; nothing if it is a refusal that says why."""
        if got is None:
            return f"{about}: no answer"
        if not 400 <= got.status < 500:
            return f"{about}: {got.status} {got.body[:200]!r}"
        if self.live.state() != self.before:
            self.before = self.live.state()
            return f"{about}: {got.status}, but something has changed"
        if words and words not in got.body.decode().replace('\\"', '"').replace("\\\\", "\\"):
            return f"{about}: does not say {words!r} but {got.body[:400]!r}"
        return ""


@pytest.fixture(scope="module")
def guarded(live: Live) -> Guard:
    """A ledger with something in it."""
    world = World(live.wire, NEWEST)
    fill(world)
    return Guard(live, world, live.state())


@pytest.fixture
def guard(guarded: Guard) -> Iterator[Guard]:
    """The same, for one test: after it the server has said nothing of failures, and still serves."""
    begun = guarded.live.log.stat().st_size
    yield guarded
    said = guarded.live.log.read_bytes()[begun:]
    assert b"Traceback" not in said, said.decode(errors="replace")
    assert guarded.live.wire.ask("GET", "/").status == 200
