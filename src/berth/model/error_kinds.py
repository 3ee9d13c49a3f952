"""The kinds of error: what a caller can do about each. The errors themselves are below these, in berth.model.errors."""

from __future__ import annotations

from typing import Final

MOST_NAMED: Final = 5
"""How many holders, children or providers a refusal names."""


class BerthError(Exception):
    """Any error that Berth raises."""


class Unavailable(BerthError):
    """The ledger cannot answer now: its database is unreachable or busy. It is safe to try again."""

    consumer: str | None = None
    """The consumer of a claim that may have been made, if that is known: with this uuid it is not made twice."""

    key: str | None = None
    """The idempotency key of a command that may have been carried out: with this key it is not carried out twice."""


class DatabaseUnusable(BerthError):
    """The database cannot be opened as a ledger: not a database, read-only, made by a newer Berth, or full."""


class LedgerClosed(BerthError):
    """The ledger was used after this program closed it."""


class Refusal(BerthError):
    """A query or a command was understood and refused. Nothing has changed."""


class Invalid(Refusal):
    """The request is invalid, independently of the state of the ledger. at: a JSON pointer to the illegal value."""

    def __init__(self, text: str = "", at: str | None = None) -> None:
        super().__init__(text)
        if at is not None:
            self.at = at


class NotFound(Refusal):
    """The requested object does not exist."""


class Conflict(Refusal):
    """The request is valid but conflicts with the current state of the ledger."""


class Forbidden(Refusal):
    """The caller is not allowed to do this."""


class Unauthenticated(Refusal):
    """Authentication failed: the token is missing, invalid or expired."""


class TooManyRequests(Refusal):
    """The caller has sent too many requests. Try again later."""


class NotBerth(BerthError):
    """The server at this address is not Berth, or not a version that this client supports."""


class Failed(BerthError):
    """Berth failed on a request; its log has the details."""
