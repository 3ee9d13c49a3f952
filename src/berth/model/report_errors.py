"""The errors of usage reports."""

from __future__ import annotations

from berth.model.error_kinds import Conflict
from berth.model.plural import plural


class ReportTooLong(Conflict):
    """The change log is too long for a report within one request. changes: how many could not be read in time."""

    def __init__(self, changes: int) -> None:
        super().__init__(
            f"The change log is too long for one request: {plural(changes, 'change')} could not be read in time. "
            "Archive its beginning (`berth audit archive`), or run `berth report` on the database itself (--database)."
        )
        self.changes = changes
