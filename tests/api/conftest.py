"""A live server for each module, and somebody who watches its ledger from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from berth.fleet.reading import snapshot
from berth.ledger import Ledger, open_ledger
from tests.api.wire import Wire
from tests.conformance.servers import berth_words, running


@dataclass(frozen=True, slots=True)
class Live:
    """A server on a ledger of its own. log: the file that it writes to."""

    port: int
    wire: Wire
    log: Path
    ledger: Ledger

    def state(self) -> tuple[Any, ...]:
        """All that the ledger holds, as another process sees it: equal if nothing has changed."""
        with self.ledger.core.current() as fleet:
            shown = snapshot(fleet)
        changes = self.ledger.changes(max(0, shown["head"] - 1))
        return shown, [change.number for change in changes]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    url = f"sqlite:///{folder}/ledger.db"
    with (
        running([*berth_words(), "serve", "--database", url], folder) as server,
        open_ledger(url) as ledger,
        Wire(server.port) as wire,
    ):
        yield Live(server.port, wire, folder / "server.log", ledger)
    assert server.status == 0
    assert "Traceback" not in server.output
