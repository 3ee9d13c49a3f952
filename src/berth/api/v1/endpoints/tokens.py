"""Who may come in with an API token."""

from __future__ import annotations

from berth.api.v1.route import Call, PendingResult
from berth.model.commands import Command
from berth.model.errors import TokensUnused
from berth.model.message import value
from berth.model.pages import Page
from berth.model.token import IssuedToken, TokenInfo, known


def list_(call: Call) -> Page[TokenInfo]:
    """Every token that there ever was."""
    return Page(call.ledger.tokens())


def create(call: Call) -> PendingResult:
    """A new token, with its text."""
    _used(call)
    return _minting(*call.ledger.creation(value(call.body)))


def rotate(call: Call) -> PendingResult:
    """A token with another text."""
    _used(call)
    return _minting(*call.ledger.rotation(call.body.name, call.body.grace_seconds))


def revoke(call: Call) -> PendingResult:
    """Good for nothing any more."""
    return PendingResult(call.ledger.revocation(call.body.name), lambda _: None)


def _minting(command: Command, told: str) -> PendingResult:
    return PendingResult(command, lambda token: IssuedToken(known(token), told))


def _used(call: Call) -> None:
    """Where everybody is believed anyway, nobody is to make what would let them in later."""
    if not call.mints:
        raise TokensUnused("this server lets nobody in by API tokens: start it with --auth token")
