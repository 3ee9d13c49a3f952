"""API tokens that Berth made itself."""

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

NOT_KNOWN: Final = "The token is not known, or not good any more, or not from this address."
"""All that anybody is told: whoever tries tokens is not to learn which ones there were."""


class Tokens:
    """Knows callers by their API tokens. What was revoked in any process is refused from the next request on."""

    def __init__(self, ledger: Ledger, key: HashKey) -> None:
        self._ledger, self._key = ledger, key
        # Compared with where there is no such token, so that this takes as long as where there is one.
        self._none = key.hash(secrets.token_hex())

    def __call__(self, request: Request) -> Caller | None:
        """Whoever has this token; None if it is none of Berth's own."""
        given = credential(request)
        if given is None or not given.startswith(f"{PREFIX}_"):
            return None
        key = id_of(given) or ""
        try:
            token = self._good(request, given, self._ledger.token(key, cached=True))
        except AuthenticationFailed:  # as far as this process knows: another may have just created it
            token = self._good(request, given, self._ledger.token(key))
        self._ledger.record_token_use(token)
        return _caller(token, request.address)

    def _good(self, request: Request, given: str, known: Token | None) -> Token:
        """The token, if it is good for this request; Unknown. known: the one of its id."""
        is_present, is_previous = self._compared(given, known)
        if known is None or not (is_present or is_previous):
            raise AuthenticationFailed(
                NOT_KNOWN, Caller(via="token", address=request.address), why="The token is not known."
            )
        wrong = _wrong(known, request.address, time.time_ns() // 1000, old=not is_present)
        if wrong is not None:
            raise AuthenticationFailed(NOT_KNOWN, _caller(known, request.address), why=wrong)
        return known

    def _compared(self, given: str, known: Token | None) -> tuple[bool, bool]:
        """Whether it is a token's present text, or its last one. Both are always compared, for equally long."""
        hashed = self._key.hash(given)
        present = self._none if known is None else known.hash
        previous = self._none if known is None else known.previous_hash or self._none
        return hmac.compare_digest(hashed, present), hmac.compare_digest(hashed, previous)


def _wrong(known: Token, address: str, now: int, *, old: bool) -> TokenRejection | None:
    """Why a token is no good here and now. old: it is the text that was rotated out."""
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
