"""Failures of a batch: whether to try again, whether one of its commands may be at fault, and what to answer."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.exc import DBAPIError

from berth.model.errors import BerthError, Invalid, Refusal, Unavailable
from berth.store.backend import Unreachable

_LOG = logging.getLogger("berth")

IDENTICAL_FAILURES: Final = 2
"""After this many in a row, a batch that fails while its rows are written is halved."""

LOST_CONNECTIONS: Final = 3
"""After this many in a row, a command whose rows end the connection is refused: they are more than it can take."""

REFUSED: Final = (
    "The database rejects the rows of this command: they are too large, or violate a constraint. "
    "Berth's log has the details."
)


class Failures:
    """The failures of one batch. A row of identical ones, all while its rows were written, is hardly by chance."""

    def __init__(self) -> None:
        self._last: Exception | None = None
        self._identical = 0

    def add(self, error: Exception, writing: bool) -> None:
        """Add a failure. writing: whether it came while rows were written, before the commit."""
        if not isinstance(error, BerthError):
            _LOG.error("a batch failed: %s", error, exc_info=error)
        same = writing and type(error) is type(self._last)
        self._identical = self._identical + 1 if same else int(writing)
        self._last = error

    @property
    def one_may_be_at_fault(self) -> bool:
        """Whether one command may be the reason, so that the others would succeed without it."""
        if isinstance(self._last, Unavailable):
            return self._identical >= IDENTICAL_FAILURES
        return isinstance(self._last, Refusal) or not isinstance(self._last, BerthError)

    @property
    def are_final(self) -> bool:
        """Whether there is no use in another attempt."""
        return not isinstance(self._last, Unavailable) or self._is_refusal

    @property
    def answer(self) -> Exception:
        """The answer for the callers if there is no other attempt."""
        assert self._last is not None
        return Invalid(REFUSED) if self._is_refusal else self._last

    @property
    def _is_refusal(self) -> bool:
        if isinstance(self._last, DBAPIError):
            return self._identical > 0
        return isinstance(self._last, Unreachable) and self._identical >= LOST_CONNECTIONS
