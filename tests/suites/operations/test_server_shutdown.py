"""A server that is told to end does, however far its workers have come."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import berth_command
from tests.support.servers import running


@pytest.mark.parametrize("workers", [2, 4])
def test_ending_while_some_workers_begin(workers: int, tmp_path: Path) -> None:
    """The first worker answers, so it is told to end; the others are still beginning, and would serve for ever."""
    words = [*berth_command(), "serve", "--database", f"sqlite:///{tmp_path}/ledger.db", "--workers", str(workers)]
    with running(words, tmp_path) as server:
        pass
    assert server.status == 0, server.output
    assert "Traceback" not in server.output
