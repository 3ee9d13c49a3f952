"""The claim in one call: of however many racers as many win as there is room for, and nobody is refused before."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

import berth
from berth import CandidateRequest, Group, Inventory, errors
from berth.ledger import open_ledger
from tests.support.commands import berth_command
from tests.support.databases import chosen_kinds, ledger_database, require_database
from tests.support.servers import running

CLIENTS, HOSTS, EACH = 64, 5, 8
TWO_GPUS = CandidateRequest(
    groups=(Group(resources={"PGPU": 1}, suffix="_1"), Group(resources={"PGPU": 1}, suffix="_2")), isolate=True
)


@pytest.mark.parametrize("kind", chosen_kinds())
def test_as_many_win_as_there_is_room_for(kind: str, tmp_path: Path) -> None:
    """64 clients of two servers, for 40 slots on 5 hosts, each of which is a tree of 8 devices that fit in pairs."""
    with ExitStack() as stack:
        require_database(kind)
        url = stack.enter_context(ledger_database(kind, tmp_path))
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        servers = [
            stack.enter_context(running([*berth_command(), "serve", "--database", url], folder)) for folder in folders
        ]
        ledger = stack.enter_context(open_ledger(url))
        _fill(ledger)
        clients = [stack.enter_context(berth.connect(each.url, "admin", timeout=60)) for each in servers]
        begin = threading.Barrier(CLIENTS)
        whys: list[str] = []

        def race(number: int) -> str:
            begin.wait()
            try:
                return clients[number % 2].allocate(TWO_GPUS, project="p", user=f"u{number}").consumer
            except errors.NothingFits as refusal:
                whys.append(refusal.funnel.why if refusal.funnel else "")
                return ""

        with ThreadPoolExecutor(CLIENTS) as threads:
            won = [consumer for consumer in threads.map(race, range(CLIENTS)) if consumer]
        assert len(won) == HOSTS * EACH // 2
        assert len(whys) == CLIENTS - len(won)
        assert all(whys)
        held = [ledger.consumer(consumer).allocations for consumer in won]
        assert sorted(uuid for each in held for uuid in each) == sorted(
            provider.uuid for provider in ledger.providers() if provider.parent is not None
        )
        assert all(len(each) == 2 for each in held)


def _fill(ledger: berth.Ledger) -> None:
    for host in range(HOSTS):
        root = ledger.create_provider(f"host-{host}").uuid
        for device in range(EACH):
            uuid = ledger.create_provider(f"host-{host}-gpu-{device}", parent=root).uuid
            ledger.set_inventories(uuid, {"PGPU": Inventory(1)})
