"""The debug log: every commit, retry and refusal, with the ids of its requests."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from berth.ledger.observer import CommitObserver

_LOG = logging.getLogger("berth")


class DebugLog(CommitObserver):
    """Writes commit events at level debug. Each line names its requests."""

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        _LOG.debug("committed", extra={"commands": len(requests), "seconds": round((ended_ns - began_ns) / 1e9, 6)})

    def tried_again(self) -> None:
        """See CommitObserver."""
        _LOG.debug("a batch is tried again after a conflict, or because the database was unreachable")

    def refused(self, error: Exception) -> None:
        """See CommitObserver."""
        _LOG.debug("a command was refused: %s", error, extra={"kind": type(error).__name__})

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See CommitObserver."""
        _LOG.debug(
            "caught up with the commits of other processes",
            extra={"head": head, "changes": changes, "seconds": seconds},
        )
