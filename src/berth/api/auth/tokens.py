"""API tokens that Berth made itself."""

from __future__ import annotations

import hmac
import secrets
import time
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from berth.api.auth.knowing import Unknown, credential
from berth.api.http import Request
from berth.ledger.ledger import Ledger
from berth.ledger.minting import PREFIX, Key, id_of
from berth.model.caller import Caller
from berth.model.token import Token

NOT_KNOWN: Final = "The token is not known."
REVOKED: Final = "The token was revoked."
EXPIRED: Final = "The token has expired."
ELSEWHERE: Final = "The token may not be used from this address."


class Tokens:
    """Knows callers by their API tokens. What was revoked in any process is refused from the next request on."""

    def __init__(self, ledger: Ledger, key: Key) -> None:
        self._ledger, self._key = ledger, key
        # Compared with where there is no such token, so that this takes as long as where there is one.
        self._none = key.hash(secrets.token_hex())

    def __call__(self, request: Request) -> Caller | None:
        """Whoever has this token; None if it is none of Berth's own."""
        given = credential(request)
        if given is None or not given.startswith(f"{PREFIX}_"):
            return None
        known = self._ledger.core.tokens().get(id_of(given) or "")
        now = time.time_ns() // 1000
        right = self._is_right(given, known, now)
        if known is None or not right:
            raise Unknown(NOT_KNOWN, Caller(via="token", address=request.address))
        caller = _caller(known, request.address)
        if known.revoked_at is not None:
            raise Unknown(REVOKED, caller)
        if known.expires_at is not None and known.expires_at <= now:
            raise Unknown(EXPIRED, caller)
        if known.networks and not _inside(known.networks, request.address):
            raise Unknown(ELSEWHERE, caller)
        self._ledger.note_use(known)
        return caller

    def _is_right(self, given: str, known: Token | None, now: int) -> bool:
        """Both comparisons are always made, and each takes as long whatever is compared."""
        hashed = self._key.hash(given)
        present = self._none if known is None else known.hash
        old = known is not None and known.previous_hash is not None and now < (known.previous_until or 0)
        previous = known.previous_hash if old and known is not None and known.previous_hash else self._none
        is_present, is_previous = hmac.compare_digest(hashed, present), hmac.compare_digest(hashed, previous)
        return is_present or is_previous


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
