"""Bearer tokens of an OpenID provider: JSON Web Tokens (RFC 7519), verified with the provider's public keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

import httpx
import jwt
from msgspec.structs import replace

from berth.api.auth.authenticator import AuthenticationFailed, credential, identity_service_unreachable
from berth.api.auth.credential_cache import CredentialCache, Known
from berth.api.http.messages import Request
from berth.model.caller import Caller
from berth.model.token import TokenRejection
from berth.settings import Oidc

FRESH_S: Final = 300
"""How long the provider's keys are used without fetching them again."""

STALE_S: Final = 86_400
"""How long they are used while the provider is unreachable."""

SELDOM_S: Final = 10
"""The least time between two fetches: made-up key ids cannot cause more."""

TIMEOUT_S: Final = 5

WAIT_S: Final = 10
"""How long a request with an unknown key waits: the provider is asked for its configuration, then for its keys."""

UNREACHABLE: Final = "The identity provider cannot be reached."

SYMMETRIC: Final = ("HS", "NONE")
"""Prefixes of algorithms that are never accepted: a public key, or nothing, would do as the secret."""

_WHY: Final[Mapping[type[Exception], str]] = {
    jwt.ExpiredSignatureError: TokenRejection.EXPIRED,
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.MissingRequiredClaimError: "The token lacks a required claim.",
}

Fetch = Callable[[str], Any]
"""Returns the JSON at a URL."""


def fetch(url: str) -> Any:
    """Return the JSON at a URL; raise httpx.HTTPError or ValueError."""
    # berth: allow CWE-918 because the issuer that the settings name says where its keys are (OpenID Connect Discovery)
    reply = httpx.get(url, timeout=TIMEOUT_S, follow_redirects=False)
    reply.raise_for_status()
    return reply.json()


class Keys:
    """The provider's public keys, by their ids. Safe to share between threads.

    They are fetched in a thread of its own, one fetch at a time. A known key is returned without waiting: a
    provider that hangs holds up only requests with unknown keys. require_time: raises NeedsTime if the current thread
    may not wait; called before one that does.
    """

    def __init__(
        self,
        settings: Oidc,
        load: Fetch = fetch,
        clock: Callable[[], float] = time.monotonic,
        require_time: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._load, self._clock, self._require_time = settings, load, clock, require_time
        self._keys: dict[str, jwt.PyJWK] = {}
        self._loaded = self._tried = float("-inf")
        self._fetching: Future[None] | None = None
        self._lock = threading.Lock()

    def get(self, number: str) -> jwt.PyJWK | None:
        """Return the key of this id, None if there is none; raise HttpError 503 if that cannot be found out."""
        key, age_s = self._key_and_age(number)
        if key is None or age_s > STALE_S:
            self._fetch_and_wait()
            key, age_s = self._key_and_age(number)
        elif age_s > FRESH_S:
            self._fetch()
        if age_s > STALE_S:
            raise identity_service_unreachable(UNREACHABLE)
        return key

    def _key_and_age(self, number: str) -> tuple[jwt.PyJWK | None, float]:
        """Return a key, if it is known, and how many seconds ago the keys were fetched."""
        with self._lock:
            return self._keys.get(number), self._clock() - self._loaded

    def _fetch_and_wait(self) -> None:
        if self._fetching is None and self._clock() - self._tried <= SELDOM_S:
            return
        self._require_time()
        fetching = self._fetch()
        if fetching is not None:
            wait((fetching,), WAIT_S)

    def _fetch(self) -> Future[None] | None:
        """Begin to fetch the keys, unless that is under way. Return the fetch; None if the last one was just now."""
        with self._lock:
            now = self._clock()
            if self._fetching is None and now - self._tried > SELDOM_S:
                self._tried, begun = now, Future[None]()
                refresh = partial(self._refresh, begun, now)
                with suppress(RuntimeError):  # no thread can be started: as if the provider could not be reached
                    threading.Thread(target=refresh, name="berth-keys", daemon=True).start()
                    self._fetching = begun
            return self._fetching

    def _refresh(self, done: Future[None], now: float) -> None:
        keys = None
        try:
            keys = self._fetched()
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            pass  # the present keys are used for STALE_S
        finally:
            with self._lock:
                if keys is not None:
                    self._keys, self._loaded = keys, now
                self._fetching = None
            done.set_result(None)

    def _fetched(self) -> dict[str, jwt.PyJWK]:
        url = self._settings.jwks_url or self._load(_discovery(self._settings.issuer))["jwks_uri"]
        return dict(_usable(self._load(url)["keys"]))


def _usable(keys: Any) -> list[tuple[str, jwt.PyJWK]]:
    """Return the usable keys with their ids, skipping all others."""
    found = []
    for each in keys:
        try:
            if each.get("use", "sig") == "sig" and each["kty"] != "oct":
                found.append((str(each["kid"]), jwt.PyJWK(each)))
        except (jwt.PyJWTError, LookupError, AttributeError, ValueError):
            continue
    return found


def _discovery(issuer: str) -> str:
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


class _Verified(NamedTuple):
    """The caller of a token whose signature and claims were verified with a key."""

    key: jwt.PyJWK
    caller: Caller


class OpenId:
    """Authenticates callers by the provider's tokens."""

    waits = True

    def __init__(self, settings: Oidc, keys: Keys | None = None) -> None:
        self._settings = settings
        self._keys = keys or Keys(settings)
        self._verified = CredentialCache[_Verified]()

    def __call__(self, request: Request) -> Caller | None:
        """Return the token's caller; None if it is not a JSON Web Token."""
        token = credential(request)
        if token is None or token.count(".") != 2 or not token.startswith("eyJ"):
            return None
        unknown = Caller(via="oidc", address=request.address)
        try:
            header = jwt.get_unverified_header(token)
            algorithm, number = header["alg"], header["kid"]
        except (jwt.PyJWTError, LookupError):
            raise AuthenticationFailed("The token cannot be parsed.", unknown) from None
        if algorithm not in self._settings.algorithms or not isinstance(number, str):
            raise AuthenticationFailed("The token's signature algorithm is not accepted.", unknown)
        key = self._keys.get(number)
        if key is None or key.algorithm_name not in (algorithm, None):
            raise AuthenticationFailed("The token is signed with a key that is not the issuer's.", unknown)
        try:
            return replace(self._verified_caller(token, key, algorithm), address=request.address)
        except jwt.ExpiredSignatureError:  # its caller is recorded in the audit log
            raise AuthenticationFailed(
                TokenRejection.EXPIRED, self._expired_caller(token, key, algorithm, unknown)
            ) from None
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            why = _WHY.get(type(error), "The token's signature does not match.")
            raise AuthenticationFailed(why, unknown) from None

    def _verified_caller(self, token: str, key: jwt.PyJWK, algorithm: str) -> Caller:
        """Return a token's caller. The signature of a token is verified once with each key."""
        now = time.time()
        known = self._verified.get(token, now)
        if known is not None and known.value is not None and known.value.key is key:
            return known.value.caller
        claims = self._claims(token, key, algorithm)
        caller = self._caller(claims)
        self._verified.put(token, Known(_Verified(key, caller), int(claims["exp"]) + self._settings.leeway_seconds))
        return caller

    def _claims(self, token: str, key: jwt.PyJWK, algorithm: str, *, ended: bool = False) -> dict[str, Any]:
        """Return a token's verified claims. ended: accept an expired token."""
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            leeway=self._settings.leeway_seconds,
            options={"require": ["exp", "iss", "aud", "sub"], "verify_exp": not ended},
        )
        return claims

    def _expired_caller(self, token: str, key: jwt.PyJWK, algorithm: str, unknown: Caller) -> Caller:
        """Return the caller of an expired token; `unknown` if it is invalid for another reason as well."""
        try:
            caller = self._caller(self._claims(token, key, algorithm, ended=True))
        except (jwt.PyJWTError, ValueError, TypeError):
            return unknown
        return replace(caller, address=unknown.address)

    def _caller(self, claims: dict[str, Any]) -> Caller:
        roles = _claim(claims, self._settings.roles_claim)
        named = roles.split() if isinstance(roles, str) else roles if isinstance(roles, list) else []
        mapped = self._settings.role_map
        subject = str(claims["sub"])
        return Caller(
            user=subject,
            project=str(_claim(claims, self._settings.project_claim) or ""),
            roles=frozenset(mapped.get(role, role).lower() for role in named if isinstance(role, str)),
            name=str(claims.get("preferred_username") or subject),
            via="oidc",
        )


def _claim(claims: Any, path: str) -> Any:
    """Return a claim by its path, in which dots lead into objects; a claim whose own name has dots goes first."""
    if path in claims:
        return claims[path]
    for part in path.split("."):
        if not isinstance(claims, dict):
            return None
        claims = claims.get(part)
    return claims
