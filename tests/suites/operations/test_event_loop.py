"""No event loop of any server of the whole run waited, or computed for long, on behalf of one request."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from berth.api.http.cors import Cors
from berth.api.http.messages import Reply, Request
from berth.api.http.mounts import Mounts
from berth.api.http.server import Server
from berth.api.ops.health import Liveness
from berth.ledger import Ledger, open_ledger
from tests.support.statement_recording.berth_loop import FOLDER, WARM_UP, WORK_S, violations


@pytest.mark.at_the_end
def test_no_event_loop_was_held() -> None:
    assert violations(Path(os.environ[FOLDER])) == []


def _compute(_: Ledger) -> None:
    ends = time.thread_time() + 2 * WORK_S
    while time.thread_time() < ends:
        pass


def _query(ledger: Ledger) -> None:
    with ledger._writer.database.looking() as connection:
        connection.exec_driver_sql("SELECT 1")


@pytest.mark.parametrize(
    ("planted", "why"),
    [(_compute, "it computes for"), (lambda _: time.sleep(0.001), "it sleeps"), (_query, None), (lambda _: None, "")],
    ids=["long work", "a pause", "a query", "nothing"],
)
def test_what_holds_it_is_recorded(
    planted: Callable[[Ledger], None], why: str | None, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    record.mkdir()
    monkeypatch.setenv(FOLDER, str(record))
    with open_ledger(ledger_url) as ledger:
        server = Server(Mounts(Liveness(), {}, Cors(frozenset())), ledger)
        if why is None:  # a file is no wait
            why = "" if ledger.embedded else "it waits for a database"

        def handle(_: Request) -> Reply:
            planted(ledger)
            return Reply(200)

        for _ in range(WARM_UP + 1):
            server._in_scope(handle, Request("GET", "/planted", "", {}), time.monotonic() + 10, brief=True)
        server._in_scope(handle, Request("GET", "/in-a-thread", "", {}), time.monotonic() + 10)
    found = violations(record)
    assert {each["request"] for each in found} == ({"GET /planted?"} if why else set())
    assert all(each["why"].startswith(why) for each in found)
