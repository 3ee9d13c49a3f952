"""API tokens: created, revoked, rotated."""

from __future__ import annotations

import msgspec

from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.errors import TokenExists, TokenNotFound
from berth.model.token import Token


def create(draft: Draft, command: commands.CreateToken) -> Token:
    """Create a token. A name is never used twice, so that the audit log stays unambiguous."""
    if command.token.name in draft.tokens:
        raise TokenExists(command.token.name)
    token = msgspec.structs.replace(command.token, created_at=draft.now)
    draft.put_token(token)
    return token


def revoke(draft: Draft, command: commands.RevokeToken) -> Token:
    """Revoke a token."""
    token = _valid(draft, command.name)
    revoked = msgspec.structs.replace(token, revoked_at=draft.now)
    draft.put_token(revoked)
    return revoked


def rotate(draft: Draft, command: commands.RotateToken) -> Token:
    """Replace a token's secret. The old one stays valid for the grace period, and is known as replaced after it."""
    token = _valid(draft, command.name)
    rotated = msgspec.structs.replace(
        token,
        hash=command.hash,
        expires_at=token.expires_at if isinstance(command.expires_at, commands.Keep) else command.expires_at,
        previous_hash=token.hash,
        previous_until=draft.now + command.grace,
    )
    draft.put_token(rotated)
    return rotated


def _valid(draft: Draft, name: str) -> Token:
    token = draft.tokens.get(name)
    if token is None or token.revoked_at is not None:
        raise TokenNotFound(name)
    return token
