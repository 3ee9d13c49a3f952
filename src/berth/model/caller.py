"""Who asks."""

from __future__ import annotations

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """Whoever a request is from.

    system_scoped: asks for the whole system, which no operation allows; name: what the audit log calls
    them (a token's name, a certificate's subject), if it is not the user; via: how they are known, such
    as token, or local for the command line on a database; address: where the request came from;
    trees: roots of the trees that they may write, None for all.
    """

    user: str = ""
    project: str = ""
    roles: frozenset[str] = frozenset()
    system_scoped: bool = False
    name: str = ""
    via: str = ""
    address: str = ""
    trees: frozenset[str] | None = None

    @property
    def called(self) -> str:
        """What logs call them."""
        return self.name or self.user


NOBODY = Caller()
"""Whoever asks without saying who they are."""

OWNER = "provider-owner"
ROLES = ("admin", "service", "reader", OWNER)
"""The roles that a policy can speak of."""
