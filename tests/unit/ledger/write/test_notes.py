"""Refused requests and uses of tokens, added in one thread while another writes them."""

from __future__ import annotations

import threading

from berth.ledger.write.notes import Notes
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from tests.support.threads import quick_turns

REFUSED = RefusedRequest(caller=Caller(), request="req-1", operation="o", target="GET /", outcome="403", why="no")

ADDED = 100_000
"""How many refusals are added while they are written."""


def test_each_refusal_is_written_once_while_others_are_added() -> None:
    notes, written = Notes(), 0
    adding = threading.Thread(target=add_all, args=(notes,))
    with quick_turns():
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
