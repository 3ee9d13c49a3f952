"""API tokens: as they are asked for, kept (never the text itself, only a keyed hash of it), and shown."""

from __future__ import annotations

import enum

import msgspec


class TokenRejection(enum.StrEnum):
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


class TokenSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is asked for.

    user: the token's name if left out; trees: roots that a provider-owner owns; networks: CIDR, none for
    anywhere; lasts_seconds: None for ever.
    """

    name: str
    roles: tuple[str, ...]
    project: str = "admin"
    user: str = ""
    trees: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    lasts_seconds: int | None = None


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is shown: all that is kept of it but its hashes. Fields as of Token."""

    id: str
    name: str
    user: str
    project: str
    roles: tuple[str, ...]
    trees: tuple[str, ...] | None
    networks: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    previous_until: int | None
    last_used_at: int | None


class IssuedToken(msgspec.Struct, frozen=True):
    """A token with its text, which nobody can be told again. No representation shows the text."""

    token: TokenInfo
    text: str

    def __repr__(self) -> str:
        return f"IssuedToken({self.token.name!r}, ...)"


def known(token: Token) -> TokenInfo:
    """What is shown of a token."""
    return TokenInfo(**{name: getattr(token, name) for name in TokenInfo.__struct_fields__})
