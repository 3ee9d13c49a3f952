"""A database that does not answer: what clients are told of it, and what only the log may tell."""

from __future__ import annotations

import logging
from typing import Final

from berth.api.http import HttpError
from berth.model.errors import DatabaseUnusable, Unavailable

_LOG = logging.getLogger("berth")

_AGAIN: Final = (("retry-after", "1"),)


def away(error: Unavailable | DatabaseUnusable, request_id: str) -> HttpError:
    """A 503, in words that do not say which database it is or where: those are in the log, with the request's id."""
    _LOG.warning("%s: answered with 503, for %s", request_id, error)
    if isinstance(error, Unavailable):
        return HttpError(503, "The database is away, or others were in the way for long: try again.", headers=_AGAIN)
    return HttpError(503, "The database cannot be used at present, and the server's log says why.", headers=_AGAIN)
