"""API tokens over HTTP."""

from __future__ import annotations

from berth.client.transport import Transport
from berth.model.interface import LedgerInterface
from berth.model.message import message
from berth.model.token import IssuedToken, TokenInfo, TokenSpec


class TokenRequests(LedgerInterface):
    """The verbs about API tokens, as requests."""

    _transport: Transport

    def tokens(self) -> list[TokenInfo]:
        """Return every API token ever created, oldest first, without texts and hashes."""
        return self._transport.items("/v1/tokens", TokenInfo)

    def create_token(self, wanted: TokenSpec) -> IssuedToken:
        """Create a token. Return it with its text, which cannot be read again.

        Raises Invalid, TokenExists, TokensUnused.
        """
        issued: IssuedToken = self._transport.command("/v1/tokens", message(wanted), IssuedToken)
        return issued

    def rotate_token(self, name: str, *, grace_seconds: int = 0) -> IssuedToken:
        """Give a token a new text; the old one stays valid for the grace period.

        Raises Invalid, TokenNotFound, TokensUnused.
        """
        issued: IssuedToken = self._transport.command(
            "/v1/tokens/rotate", {"name": name, "grace_seconds": grace_seconds}, IssuedToken
        )
        return issued

    def revoke_token(self, name: str) -> None:
        """Revoke a token, in every process. Raises TokenNotFound."""
        return self._done(self._transport.command("/v1/tokens/revoke", {"name": name}, None))
