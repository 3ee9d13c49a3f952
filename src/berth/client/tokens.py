"""API tokens, over HTTP."""

from __future__ import annotations

from berth.client.transport import Transport
from berth.model.interface import LedgerInterface
from berth.model.message import message
from berth.model.pages import Page
from berth.model.token import IssuedToken, TokenInfo, TokenSpec


class TokenRequests(LedgerInterface):
    """What a server does with API tokens, for whom it lets."""

    _transport: Transport

    def tokens(self) -> list[TokenInfo]:
        """Every API token that there ever was, oldest first, without its text or any hash of it."""
        found: Page[TokenInfo] = self._transport.get("/v1/tokens", Page[TokenInfo])
        return found.items

    def create_token(self, wanted: TokenSpec) -> IssuedToken:
        """A new token with its text, which nobody can be told again; Invalid, TokenExists, TokensUnused."""
        made: IssuedToken = self._transport.do("/v1/tokens", message(wanted), IssuedToken)
        return made

    def rotate_token(self, name: str, *, grace_seconds: int = 0) -> IssuedToken:
        """Another text for a token; the old one stays good for so long. Invalid, TokenNotFound, TokensUnused."""
        made: IssuedToken = self._transport.do(
            "/v1/tokens/rotate", {"name": name, "grace_seconds": grace_seconds}, IssuedToken
        )
        return made

    def revoke_token(self, name: str) -> None:
        """A token is good for nothing any more, in every process; TokenNotFound."""
        self._transport.do("/v1/tokens/revoke", {"name": name}, None)
