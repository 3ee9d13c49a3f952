"""API tokens, as the ledger keeps them: never the token itself, only a keyed hash of it."""

from __future__ import annotations

import enum

import msgspec


class NoGood(enum.StrEnum):
    """Why a token that is known lets nobody in: kept in the audit log, told to nobody."""

    REVOKED = "The token was revoked."
    EXPIRED = "The token has expired."
    REPLACED = "The token was replaced by another."
    ELSEWHERE = "The token may not be used from this address."


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One API token.

    id: the part of it that is no secret; hash: of the whole, keyed, in hexadecimal; previous_hash: of the
    last one that was rotated out, good until previous_until; trees: roots that a provider-owner may write,
    None for all; networks: where it may be used from (CIDR), empty for anywhere. Times are microseconds
    since 1970 UTC.
    """

    id: str
    name: str
    hash: str
    user: str
    project: str
    roles: tuple[str, ...]
    trees: tuple[str, ...] | None = None
    networks: tuple[str, ...] = ()
    created_at: int = 0
    expires_at: int | None = None
    revoked_at: int | None = None
    previous_hash: str | None = None
    previous_until: int | None = None
    last_used_at: int | None = None
