"""Tokens of OpenStack's identity service (Keystone, API v3), validated there and cached for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from berth.api.auth.authenticator import AuthenticationFailed, identity_service_unreachable
from berth.api.auth.credential_cache import CredentialCache, Known
from berth.api.http.messages import Request
from berth.model.caller import MEMBER, Caller
from berth.settings import Keystone

UNKNOWN_S: Final = 5
"""How long an unknown token is not asked about again."""

SERVICE: Final = "service"
"""The role of a service token: keystonemiddleware's service_token_roles."""

ROLE_NAMES: Final = {"member": "keystone-member", "berth-member": MEMBER}
"""Roles in Keystone that have another name here: every user of a project is a member there, which is no right here."""

TIMEOUT_S: Final = 5
EARLY_S: Final = 60
"""How long before it expires Berth's own token is renewed."""

NOT_KNOWN: Final = "The identity service does not know the token, or it has expired."
BAD_SERVICE: Final = "The identity service does not know the token in X-Service-Token, or it has expired."
NO_SERVICE: Final = "The token in X-Service-Token does not have the role service."
UNREACHABLE: Final = "The identity service cannot be reached."


class IdentityService:
    """Authenticates callers by asking Keystone about their tokens. Safe to share between threads.

    Service tokens as in keystonemiddleware: X-Service-Token must be valid and have the role `service`; then a user's
    token is also accepted after it has expired, for as long as Keystone allows, so that long operations can end.

    require_time: raises NeedsTime if the current thread may not wait; called before Keystone is asked.
    """

    waits = True

    def __init__(
        self,
        settings: Keystone,
        clock: Callable[[], float] = time.time,
        require_time: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._clock, self._require_time = settings, clock, require_time
        self._client = httpx.Client(base_url=settings.url.rstrip("/"), timeout=TIMEOUT_S)
        self._password = Path(settings.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        self.challenge = f'Keystone uri="{settings.url}"'
        self._cache, self._expired = CredentialCache[Caller](), CredentialCache[Caller]()
        self._lock = threading.Lock()
        self._own: tuple[float, str] = (0.0, "")

    def __call__(self, request: Request) -> Caller | None:
        """Return the token's caller; None without X-Auth-Token. Raise HttpError 503 if Keystone is unreachable."""
        token = request.headers.get("x-auth-token")
        if not token:
            return None
        served = self._is_served(request)
        caller = self._cached(token, may_be_expired=served)
        if caller is None:
            raise AuthenticationFailed(NOT_KNOWN, Caller(via="keystone", address=request.address))
        return Caller(
            user=caller.user,
            project=caller.project,
            roles=caller.roles,
            system_scoped=caller.system_scoped,
            name=caller.name,
            via="keystone",
            address=request.address,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _is_served(self, request: Request) -> bool:
        """Whether a service sends the request for the user; raise AuthenticationFailed if its own token is bad."""
        token = request.headers.get("x-service-token")
        if not token:
            return False
        service = self._cached(token)
        if service is None or SERVICE not in service.roles:
            why = BAD_SERVICE if service is None else NO_SERVICE
            raise AuthenticationFailed(why, Caller(via="keystone", address=request.address))
        return True

    def _cached(self, token: str, *, may_be_expired: bool = False) -> Caller | None:
        """Return a token's caller from the cache, or ask Keystone; None if it does not know the token."""
        now = self._clock()
        cache = self._expired if may_be_expired else self._cache
        known = cache.get(token, now)
        if known is None:
            self._require_time()
            known = self._ask_keystone(token, now, may_be_expired=may_be_expired)
            cache.put(token, known)
        return known.value

    def _ask_keystone(self, token: str, now: float, *, may_be_expired: bool) -> Known[Caller]:
        parameters = {"allow_expired": "1"} if may_be_expired else {}
        try:
            reply = self._validate(token, parameters, renew=False)
            if reply.status_code == 401:  # our own token has expired or was revoked
                reply = self._validate(token, parameters, renew=True)
            if reply.status_code in (400, 404):
                return Known(None, now + UNKNOWN_S)
            reply.raise_for_status()
            details = reply.json()["token"]
            ends = datetime.fromisoformat(details["expires_at"]).timestamp()
            until = now + self._settings.cache_seconds
            if may_be_expired:
                return Known(_caller(details), until)
            if ends <= now:
                return Known(None, now + UNKNOWN_S)
            return Known(_caller(details), min(until, ends))
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            raise identity_service_unreachable(UNREACHABLE) from None

    def _validate(self, token: str, parameters: dict[str, str], *, renew: bool) -> httpx.Response:
        headers = {"X-Auth-Token": self._own_token(renew=renew), "X-Subject-Token": token}
        return self._client.get("/auth/tokens", headers=headers, params=parameters)

    def _own_token(self, *, renew: bool) -> str:
        with self._lock:
            until, own = self._own
        if own and not renew and until - EARLY_S > self._clock():
            return own
        reply = self._client.post("/auth/tokens", json=self._credentials())
        reply.raise_for_status()
        expires_at = reply.json()["token"]["expires_at"]
        own = reply.headers["X-Subject-Token"]
        with self._lock:
            self._own = datetime.fromisoformat(expires_at).timestamp(), own
        return own

    def _credentials(self) -> dict[str, Any]:
        settings = self._settings
        user = {"name": settings.username, "domain": {"name": settings.user_domain}, "password": self._password}
        project = {"name": settings.project, "domain": {"name": settings.project_domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"auth": {"identity": identity, "scope": {"project": project}}}


def _caller(details: dict[str, Any]) -> Caller:
    user = details["user"]
    return Caller(
        user=user["id"],
        project=(details.get("project") or {}).get("id", ""),
        roles=frozenset(_role(role["name"].lower()) for role in details.get("roles", ())),
        system_scoped=bool(details.get("system")),
        name=user.get("name", user["id"]),
    )


def _role(name: str) -> str:
    """Return Berth's name of a role in Keystone."""
    return ROLE_NAMES.get(name, name)
