"""Callers: who a request is from, and what they may write."""

from __future__ import annotations

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """The user or program that a request is from.

    system_scoped: has a token for the whole system, which no operation accepts; name: the name in the audit
    log (a token's name, a certificate's subject), if it is not the user; via: the way of authentication, such
    as token, or local for the command line on a database; address: where the request came from;
    trees: roots of the trees that the caller may write, None for all; own_project: whether it may write claims of its
    project only.
    """

    user: str = ""
    project: str = ""
    roles: frozenset[str] = frozenset()
    system_scoped: bool = False
    name: str = ""
    via: str = ""
    address: str = ""
    trees: frozenset[str] | None = None
    own_project: bool = False

    @property
    def called(self) -> str:
        """The caller's name in logs."""
        return self.name or self.user


NOBODY = Caller()
"""A caller that is not authenticated."""

OWNER = "provider-owner"
VIEWER = "viewer"
MEMBER = "member"
ROLES = ("admin", "service", VIEWER, MEMBER, "reader", OWNER)
"""The roles that a policy can name."""
