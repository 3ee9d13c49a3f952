"""Refused requests and uses of tokens, added in one thread while another writes them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from berth.ledger.write.notes import Notes
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller

REFUSED = RefusedRequest(caller=Caller(), request="req-1", operation="o", target="GET /", outcome="403", why="no")

ADDED = 100_000
"""How many refusals are added while they are written."""


@pytest.fixture(autouse=True)
def _quick_turns() -> Iterator[None]:
    """Let threads take turns after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_each_refusal_is_written_once_while_others_are_added() -> None:
    notes, written = Notes(), 0
    adding = threading.Thread(target=add_all, args=(notes,))
    adding.start()
    while adding.is_alive() or notes:
        now = notes.to_write()
        written += len(now.refusals) + now.left_out
        notes.written(now)
    adding.join()
    assert written == ADDED


def add_all(notes: Notes) -> None:
    """Add all refusals."""
    for _ in range(ADDED):
        notes.add_refusal(REFUSED)
