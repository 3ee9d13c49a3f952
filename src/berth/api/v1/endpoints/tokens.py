"""API tokens."""

from __future__ import annotations

from berth.api.v1.route import Call, PendingResult
from berth.model.commands import Command
from berth.model.errors import TokensUnused
from berth.model.message import value
from berth.model.pages import Page
from berth.model.token import IssuedToken, TokenInfo, known


def list_(call: Call) -> Page[TokenInfo]:
    """Return every token, revoked ones too."""
    return Page(call.ledger.tokens())


def create(call: Call) -> PendingResult:
    """Create a token, and return its text."""
    _check_tokens_used(call)
    return _issue(*call.ledger.creation(value(call.body)))


def rotate(call: Call) -> PendingResult:
    """Give a token a new text, and return it."""
    _check_tokens_used(call)
    return _issue(*call.ledger.rotation(call.body.name, call.body.grace_seconds))


def revoke(call: Call) -> PendingResult:
    """Revoke a token."""
    return PendingResult(call.ledger.revocation(call.body.name), lambda _: None)


def _issue(command: Command, text: str) -> PendingResult:
    return PendingResult(command, lambda token: IssuedToken(known(token), text))


def _check_tokens_used(call: Call) -> None:
    """Raise TokensUnused if the server does not accept API tokens: a token must not become valid later."""
    if not call.mints:
        raise TokensUnused("this server does not accept API tokens: start it with --auth token")
