"""Entries that cannot be read, as several threads know them that have read the log to different places."""

from __future__ import annotations

from typing import Any, cast

import pytest
from sqlalchemy import Connection

from berth.ledger.damaged_entries import DamagedEntries
from berth.model.change import Change, Facts
from berth.store import audit

NO_CONNECTION = cast(Connection, None)


def test_an_entry_that_was_mended_while_a_thread_asked_about_it_is_not_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entries = DamagedEntries()

    def is_recorded(*_: Any) -> bool:
        entries.note(NO_CONNECTION, [Change(8, 0, "MendEntry", "", "", Facts(mended=[7]))])
        return False  # in a transaction that began before

    monkeypatch.setattr(audit, "is_recorded", is_recorded)
    entries.note(NO_CONNECTION, [Change(7, 0, "", "", "", Facts(), fault="it is no JSON")])
    assert (entries.numbers, caplog.records) == ((), [])
