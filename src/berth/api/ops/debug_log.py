"""The log of commits, in all detail: for whoever looks for what became of a request."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from berth.ledger.observer import CommitObserver

_LOG = logging.getLogger("berth")


class DebugLog(CommitObserver):
    """A witness that writes what happens into the log, as what it is: detail. Its lines name the requests."""

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See Witness."""
        _LOG.debug("committed", extra={"commands": len(requests), "seconds": round((ended_ns - began_ns) / 1e9, 6)})

    def tried_again(self) -> None:
        """See Witness."""
        _LOG.debug("a batch is tried once more: others were in the way, or the database was away")

    def refused(self, error: Exception) -> None:
        """See Witness."""
        _LOG.debug("a command was refused: %s", error, extra={"kind": type(error).__name__})

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See Witness."""
        _LOG.debug("took in what others committed", extra={"head": head, "changes": changes, "seconds": seconds})
