"""The dev authenticator: accepts every token, for trials."""

from __future__ import annotations

from functools import lru_cache

from berth.api.auth.authenticator import credential
from berth.api.http.messages import Request
from berth.model.caller import Caller


def dev(request: Request) -> Caller | None:
    """Return the caller that the token names, unchecked: for trials on a loopback address.

    The token is USER or USER:PROJECT, where USER admin has the role admin; X-Roles and X-Project-Id
    override that (Placement's auth_strategy noauth2).
    """
    headers = request.headers
    token = credential(request)
    if token is None:
        return None
    scoped = bool(headers.get("openstack-system-scope"))
    return _named_caller(token, headers.get("x-roles"), headers.get("x-project-id"), scoped, request.address)


@lru_cache(maxsize=1024)
def _named_caller(token: str, given: str | None, project_id: str | None, scoped: bool, address: str) -> Caller:
    user, _, project = token.partition(":")
    roles = ["admin"] if given is None and user == "admin" else (given or "").split(",")
    return Caller(
        user=user,
        project=project_id or project or user,
        roles=frozenset(role.strip().lower() for role in roles if role.strip()),
        system_scoped=scoped,
        via="dev",
        address=address,
    )
