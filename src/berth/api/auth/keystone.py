"""Tokens of OpenStack's identity service (Keystone, API v3), validated there and cached for a while."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx

from berth.api.auth.authenticator import AuthenticationFailed, identity_service_unreachable
from berth.api.http.messages import Request
from berth.model.caller import Caller
from berth.settings import Keystone

MOST_CACHED: Final = 10_000
UNKNOWN_S: Final = 5
"""How long an unknown token is not asked about again."""

TIMEOUT_S: Final = 5
EARLY_S: Final = 60
"""How long before it expires Berth's own token is renewed."""

NOT_KNOWN: Final = "The identity service does not know the token, or it has expired."
UNREACHABLE: Final = "The identity service cannot be reached."


class IdentityService:
    """Authenticates callers by asking Keystone about their tokens. Safe to share between threads."""

    waits = True

    def __init__(self, settings: Keystone, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self._client = httpx.Client(base_url=settings.url.rstrip("/"), timeout=TIMEOUT_S)
        self._password = Path(settings.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        self._cache: OrderedDict[bytes, tuple[float, Caller | None]] = OrderedDict()
        self._lock = threading.Lock()
        self._own: tuple[float, str] = (0.0, "")

    def __call__(self, request: Request) -> Caller | None:
        """Return the token's caller; None without X-Auth-Token. Raise HttpError 503 if Keystone is unreachable."""
        token = request.headers.get("x-auth-token")
        if not token:
            return None
        caller = self._cached(token)
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

    def _cached(self, token: str) -> Caller | None:
        """Return a token's caller from the cache, which holds hashes, not tokens; or ask Keystone."""
        key, now = sha256(token.encode(errors="replace")).digest(), self._clock()
        with self._lock:
            until, caller = self._cache.get(key, (0.0, None))
        if until > now:
            return caller
        until, caller = self._ask_keystone(token, now)
        with self._lock:
            self._cache[key] = until, caller
            while len(self._cache) > MOST_CACHED:
                self._cache.popitem(last=False)
        return caller

    def _ask_keystone(self, token: str, now: float) -> tuple[float, Caller | None]:
        try:
            reply = self._validate(token, renew=False)
            if reply.status_code == 401:  # our own token has expired or was revoked
                reply = self._validate(token, renew=True)
            if reply.status_code in (400, 404):
                return now + UNKNOWN_S, None
            reply.raise_for_status()
            details = reply.json()["token"]
            ends = datetime.fromisoformat(details["expires_at"]).timestamp()
            return min(now + self._settings.cache_seconds, ends), _caller(details) if ends > now else None
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            raise identity_service_unreachable(UNREACHABLE) from None

    def _validate(self, token: str, *, renew: bool) -> httpx.Response:
        headers = {"X-Auth-Token": self._own_token(renew=renew), "X-Subject-Token": token}
        return self._client.get("/auth/tokens", headers=headers)

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
        roles=frozenset(role["name"].lower() for role in details.get("roles", ())),
        system_scoped=bool(details.get("system")),
        name=user.get("name", user["id"]),
    )
