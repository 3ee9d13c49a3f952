"""Consumers that Berth ended, not their owners."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Final

import msgspec

from berth.model.consumer import Resources
from berth.model.term import SECOND


class EndReason(enum.StrEnum):
    """Why a consumer was ended."""

    LAPSED = "lapsed"  # a hold was not confirmed in time
    ENDED = "ended"  # a claim reached its end
    RECONCILED = "reconciled"  # it was not alive any more
    SILENT = "silent"  # its lease was not renewed


class ClaimEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Why and when a claim stopped counting. at: in microseconds since 1970 UTC."""

    why: EndReason
    at: int

    def __str__(self) -> str:
        return f"{_SENTENCES[self.why]} at {datetime.fromtimestamp(self.at / SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"


_SENTENCES: Final = {
    EndReason.LAPSED: "its hold lapsed",
    EndReason.ENDED: "its claim ended",
    EndReason.RECONCILED: "a reconciliation ended its claim",
    EndReason.SILENT: "its claim ended with its lease, which was not renewed",
}


class EndedConsumer(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer that was ended, as it was. at: when its claim stopped counting, in microseconds since 1970 UTC.

    end, deadline: of its term, in the same unit; held: amounts by provider uuid and class; name, note: None if it
    had none.
    """

    consumer: str
    why: EndReason
    at: int
    project: str
    user: str
    type: str | None
    end: int | None
    deadline: int | None
    held: dict[str, Resources]
    name: str | None = None
    note: str | None = None


class UndoOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an undo: the consumers that have their claims again; and why others have not, by consumer."""

    restored: list[str]
    left: dict[str, str] = {}
