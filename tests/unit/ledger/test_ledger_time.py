"""The ledger's time, as several threads know it that have read the head at different moments."""

from __future__ import annotations

import threading
from typing import cast

from berth.ledger.ledger_time import LedgerTime
from berth.store.head import Head


class _ReadMeanwhile:
    """A head, at whose time another thread has read a newer one. beat, at: of the older one."""

    beat, server_time, at_us = 1, 50, 50

    def __init__(self, time: LedgerTime) -> None:
        self.other = threading.Thread(target=time.at, args=(cast(Head, _Newer()),))

    @property
    def at(self) -> int:
        """The time of this head."""
        self.other.start()
        self.other.join(0.2)
        return self.at_us


class _Newer:
    beat, server_time, at = 2, 100, 100


def test_a_thread_that_has_read_an_older_head_does_not_set_the_time_back() -> None:
    time = LedgerTime()
    older = _ReadMeanwhile(time)
    assert time.at(cast(Head, older)) >= 50
    older.other.join(60)
    assert (time.known, time.beat) == (100, 2)
