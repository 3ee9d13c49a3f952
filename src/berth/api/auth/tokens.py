"""API tokens issued by Berth."""

from __future__ import annotations

import hmac
import secrets
import time
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from berth.api.auth.authenticator import AuthenticationFailed, credential
from berth.api.http.messages import Request
from berth.ledger.credentials import PREFIX, HashKey, id_of
from berth.ledger.ledger import Ledger
from berth.model.caller import Caller
from berth.model.token import Token, TokenRejection

NOT_KNOWN: Final = "The token is unknown, no longer valid, or not valid from this address."
"""One text for every reason, so that a client that guesses tokens does not learn which ones exist."""


class Tokens:
    """Authenticates callers by their API tokens. One that any process revokes is refused from the next request on."""

    def __init__(self, ledger: Ledger, key: HashKey) -> None:
        self._ledger, self._key = ledger, key
        # Compared with if there is no such token, so that this takes equally long.
        self._none = key.hash(secrets.token_hex())

    def __call__(self, request: Request) -> Caller | None:
        """Return the token's caller; None if it was not issued by Berth."""
        given = credential(request)
        if given is None or not given.startswith(f"{PREFIX}_"):
            return None
        key = id_of(given) or ""
        try:
            token = self._checked(request, given, self._ledger.token(key, cached=True))
        except AuthenticationFailed:  # in the cache: another process may have created it just now
            if not self._ledger.embedded:
                self._ledger.require_time()
            token = self._checked(request, given, self._ledger.token(key))
        self._ledger.record_token_use(token)
        return _caller(token, request.address)

    def _checked(self, request: Request, given: str, known: Token | None) -> Token:
        """Return the token if it is valid for this request; raise AuthenticationFailed. known: the token of its id."""
        is_present, is_previous = self._compare(given, known)
        if known is None or not (is_present or is_previous):
            raise AuthenticationFailed(
                NOT_KNOWN, Caller(via="token", address=request.address), why="The token is unknown."
            )
        rejection = _rejection(known, request.address, time.time_ns() // 1000, old=not is_present)
        if rejection is not None:
            raise AuthenticationFailed(NOT_KNOWN, _caller(known, request.address), why=rejection)
        return known

    def _compare(self, given: str, known: Token | None) -> tuple[bool, bool]:
        """Return whether it is a token's present text, and its previous one. Both are always compared."""
        hashed = self._key.hash(given)
        present = self._none if known is None else known.hash
        previous = self._none if known is None else known.previous_hash or self._none
        return hmac.compare_digest(hashed, present), hmac.compare_digest(hashed, previous)


def _rejection(known: Token, address: str, now: int, *, old: bool) -> TokenRejection | None:
    """Return why a token is not valid now, for this address; None if it is. old: its previous text was given."""
    if known.revoked_at is not None:
        return TokenRejection.REVOKED
    if old and now >= (known.previous_until or 0):
        return TokenRejection.REPLACED
    if known.expires_at is not None and known.expires_at <= now:
        return TokenRejection.EXPIRED
    if known.networks and not _inside(known.networks, address):
        return TokenRejection.ELSEWHERE
    return None


@lru_cache(maxsize=1024)
def _caller(token: Token, address: str) -> Caller:
    return Caller(
        user=token.user,
        project=token.project,
        roles=frozenset(token.roles),
        name=token.name,
        via="token",
        address=address,
        trees=None if token.trees is None else frozenset(token.trees),
    )


def _inside(networks: tuple[str, ...], address: str) -> bool:
    try:
        where = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(where, "ipv4_mapped", None)
    return any((mapped or where) in _network(network) for network in networks)


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)
