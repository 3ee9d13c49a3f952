"""API tokens: as requested, stored (only a keyed hash of the text) and shown."""

from __future__ import annotations

import enum

import msgspec


class TokenRejection(enum.StrEnum):
    """Why a known token is rejected: recorded in the audit log, but not reported to the caller."""

    REVOKED = "The token was revoked."
    EXPIRED = "The token has expired."
    REPLACED = "The token was replaced by another."
    ELSEWHERE = "The token may not be used from this address."


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One API token.

    id: the public part of the text; hash: keyed hash of the whole text, in hexadecimal; previous_hash: that
    of the text before the last rotation, valid until previous_until; trees: roots that a provider-owner may
    write, None for all; networks: from where it is valid (CIDR), empty for everywhere. Times are
    microseconds since 1970 UTC.
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
    """The specification of a new token.

    user: the token's name if omitted; trees: roots that a provider-owner owns; networks: CIDR, none for
    everywhere; lasts_seconds: the lifetime, None for an unlimited one.
    """

    name: str
    roles: tuple[str, ...]
    project: str = "admin"
    user: str = ""
    trees: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    lasts_seconds: int | None = None


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A token as shown: everything that is stored except its hashes. Fields as in Token."""

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
    """A token with its text, which cannot be read again. No representation shows the text."""

    token: TokenInfo
    text: str

    def __repr__(self) -> str:
        return f"IssuedToken({self.token.name!r}, ...)"


def known(token: Token) -> TokenInfo:
    """Return a token as it is shown."""
    return TokenInfo(**{name: getattr(token, name) for name in TokenInfo.__struct_fields__})
