"""The errors of usage reports."""

from __future__ import annotations

from berth.model.error_kinds import Conflict


class ReportTooLong(Conflict):
    """The change log is too long for a report within one request. changes: how many were left when time was over."""

    def __init__(self, changes: int) -> None:
        super().__init__(
            f"The change log is too long for one request: {changes:,} changes were left to read. Archive its beginning "
            "(berth audit archive), or run berth report on the database itself (--database)."
        )
        self.changes = changes
