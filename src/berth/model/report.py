"""The usage report: how much was held, for how long, by project, user, host or resource class."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from berth.model.error_kinds import Invalid

HOUR_US: Final = 3_600_000_000
"""Microseconds in an hour."""

DEFAULT_US: Final = 30 * 24 * HOUR_US
"""How long before its end a report begins, unless it says when."""

MOST_ROWS: Final = 10_000
"""The most rows of a report."""


class ReportBy(enum.StrEnum):
    """What has a row of its own for each class. HOST: the root of the tree that was held of, at that time."""

    PROJECT = "project"
    USER = "user"
    HOST = "host"
    CLASS = "class"


def report_by(value: ReportBy | str) -> ReportBy:
    """Return what a report is by. Raises Invalid."""
    try:
        return ReportBy(value)
    except ValueError:
        raise Invalid(f"a report can be by {', '.join(ReportBy)}, not by {value!r}") from None


class ReportTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Amount x time of one resource class.

    held_us: exact, in units of the class times microseconds; hours: the same in resource-hours, rounded as a float is;
    capacity_us: amount x time that there was to claim, of the class, or on the host; None for callers who may not see
    the fleet; share: held of capacity, None without any.
    """

    resource_class: str
    held_us: int
    hours: float
    capacity_us: int | None
    share: float | None


class ReportRow(ReportTotal, frozen=True, kw_only=True):
    """Amount x time of one project, user, host or class.

    key: its name, a host's uuid, or None for what entries of the change log without owners say; name: to be shown.
    """

    key: str | None
    name: str


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """Amount x time within a span, which is half open. Instants are in microseconds since 1970 UTC.

    until: at most now; complete_from: from when on everything is counted, which is later than `since` if the change log
    begins later; rows: by class, the largest first; totals: of each class, over all rows; left_out: how many rows were
    too many; damaged: numbers of entries of the change log that cannot be read, so that amounts may be wrong.
    """

    by: ReportBy
    since: int
    until: int
    complete_from: int
    rows: list[ReportRow]
    totals: list[ReportTotal]
    left_out: int = 0
    damaged: list[int] = []

    def without_capacity(self) -> UsageReport:
        """Return it without what there was to claim, for a caller who may not see the fleet."""
        return msgspec.structs.replace(
            self,
            rows=[msgspec.structs.replace(each, capacity_us=None, share=None) for each in self.rows],
            totals=[msgspec.structs.replace(each, capacity_us=None, share=None) for each in self.totals],
        )
