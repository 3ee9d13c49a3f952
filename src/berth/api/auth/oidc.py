"""Bearer tokens of an OpenID provider: signed JSON (RFC 7519), believed if the provider's own key signed them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import jwt

from berth.api.auth.authenticator import AuthenticationFailed, credential, identity_service_unreachable
from berth.api.http.messages import Request
from berth.model.caller import Caller
from berth.model.token import TokenRejection
from berth.settings import Oidc

FRESH_S: Final = 300
"""For how long the provider's keys are used without looking whether there are others."""

STALE_S: Final = 86_400
"""For how long they are used if the provider cannot be reached."""

SELDOM_S: Final = 10
"""How long to wait before asking again for a key that was not there: made-up key ids cause no more than that."""

PATIENCE_S: Final = 5

SYMMETRIC: Final = ("HS", "NONE")
"""Beginnings of algorithms that are never taken: a public key would do as the secret, or none."""

_WHY: Final[Mapping[type[Exception], str]] = {
    jwt.ExpiredSignatureError: TokenRejection.EXPIRED,
    jwt.ImmatureSignatureError: "The token is not good yet.",
    jwt.InvalidAudienceError: "The token is for somebody else.",
    jwt.InvalidIssuerError: "The token is of another issuer.",
    jwt.MissingRequiredClaimError: "The token lacks a claim that it has to have.",
}

Fetch = Callable[[str], Any]
"""A URL to the JSON that is there."""


def fetch(url: str) -> Any:
    """The JSON at a URL; httpx.HTTPError, ValueError."""
    reply = httpx.get(url, timeout=PATIENCE_S, follow_redirects=False)
    reply.raise_for_status()
    return reply.json()


class Keys:
    """The provider's public keys, by their ids. Safe to share between threads."""

    def __init__(self, settings: Oidc, load: Fetch = fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._load, self._clock = settings, load, clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._loaded = self._tried = float("-inf")
        self._lock = threading.Lock()

    def get(self, number: str) -> jwt.PyJWK | None:
        """The key of this id, None if there is none; HttpError 503 if that cannot be known."""
        with self._lock:
            now = self._clock()
            missing = number not in self._keys and now - self._tried > SELDOM_S
            if missing or (now - self._loaded > FRESH_S and now - self._tried > SELDOM_S):
                self._refresh(now)
            if now - self._loaded > STALE_S:
                raise identity_service_unreachable("The identity provider cannot be reached.")
            return self._keys.get(number)

    def _refresh(self, now: float) -> None:
        self._tried = now
        try:
            url = self._settings.jwks_url or self._load(_discovery(self._settings.issuer))["jwks_uri"]
            told = self._load(url)["keys"]
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            return  # those that are known go on being good, for a while
        self._keys, self._loaded = dict(_usable(told)), now


def _usable(told: Any) -> list[tuple[str, jwt.PyJWK]]:
    """Keys to check signatures with; whatever else stands there is passed over."""
    found = []
    for each in told:
        try:
            if each.get("use", "sig") == "sig" and each["kty"] != "oct":
                found.append((str(each["kid"]), jwt.PyJWK(each)))
        except (jwt.PyJWTError, LookupError, AttributeError, ValueError):
            continue
    return found


def _discovery(issuer: str) -> str:
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


class OpenId:
    """Knows callers by the provider's tokens."""

    waits = True

    def __init__(self, settings: Oidc, keys: Keys | None = None) -> None:
        self._settings = settings
        self._keys = keys or Keys(settings)

    def __call__(self, request: Request) -> Caller | None:
        """Whoever the token is of; None if it is none of this provider."""
        token = credential(request)
        if token is None or token.count(".") != 2 or not token.startswith("eyJ"):
            return None
        nobody = Caller(via="oidc", address=request.address)
        try:
            header = jwt.get_unverified_header(token)
            algorithm, number = header["alg"], header["kid"]
        except (jwt.PyJWTError, LookupError):
            raise AuthenticationFailed("The token is none that can be checked.", nobody) from None
        if algorithm not in self._settings.algorithms or not isinstance(number, str):
            raise AuthenticationFailed("The token is signed in a way that is not taken.", nobody)
        key = self._keys.get(number)
        if key is None or key.algorithm_name not in (algorithm, None):
            raise AuthenticationFailed("The token is signed with a key that is not the issuer's.", nobody)
        try:
            return self._caller(self._claims(token, key, algorithm), request)
        except jwt.ExpiredSignatureError:  # who it was of is for the audit log to know
            raise AuthenticationFailed(
                TokenRejection.EXPIRED, self._once(token, key, algorithm, request) or nobody
            ) from None
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            why = _WHY.get(type(error), "The token is not what its signature is of.")
            raise AuthenticationFailed(why, nobody) from None

    def _claims(self, token: str, key: jwt.PyJWK, algorithm: str, *, ended: bool = False) -> dict[str, Any]:
        """What a token says. ended: that it has expired does not matter."""
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

    def _once(self, token: str, key: jwt.PyJWK, algorithm: str, request: Request) -> Caller | None:
        """Whoever an expired token was of; None if it is not good for another reason as well."""
        try:
            return self._caller(self._claims(token, key, algorithm, ended=True), request)
        except (jwt.PyJWTError, ValueError, TypeError):
            return None

    def _caller(self, claims: dict[str, Any], request: Request) -> Caller:
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
            address=request.address,
        )


def _claim(claims: Any, path: str) -> Any:
    """A claim by its name, in which dots lead into objects; a name with dots in it goes first."""
    if path in claims:
        return claims[path]
    for part in path.split("."):
        if not isinstance(claims, dict):
            return None
        claims = claims.get(part)
    return claims
