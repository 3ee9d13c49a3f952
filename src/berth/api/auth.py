"""Who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request is from. system_scoped: asks for the whole system, which no operation allows."""

    user: str
    project: str
    roles: frozenset[str]
    system_scoped: bool = False


Authenticate = Callable[[Mapping[str, str]], Caller | None]
"""Headers (by lower-case name) to a caller; None: nobody that is known."""


def dev(headers: Mapping[str, str]) -> Caller | None:
    """Anybody is who they say: for trials on a loopback address.

    The token is USER or USER:PROJECT, where USER admin has the role admin; X-Roles and X-Project-Id
    override that (Placement's auth_strategy noauth2).
    """
    token = headers.get("x-auth-token")
    if token is None:
        return None
    scoped = bool(headers.get("openstack-system-scope"))
    return _believed(token, headers.get("x-roles"), headers.get("x-project-id"), scoped)


@lru_cache(maxsize=1024)
def _believed(token: str, given: str | None, project_id: str | None, scoped: bool) -> Caller:
    user, _, project = token.partition(":")
    roles = ["admin"] if given is None and user == "admin" else (given or "").split(",")
    return Caller(
        user=user,
        project=project_id or project or user,
        roles=frozenset(role.strip().lower() for role in roles if role.strip()),
        system_scoped=scoped,
    )
