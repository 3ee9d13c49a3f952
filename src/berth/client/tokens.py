"""API tokens, over HTTP."""

from __future__ import annotations

from berth.client.transport import Wire
from berth.model.interface import Verbs
from berth.model.message import message
from berth.model.pages import Page
from berth.model.token import KnownToken, Minted, WantedToken


class Tokening(Verbs):
    """What a server does with API tokens, for whom it lets."""

    _wire: Wire

    def tokens(self) -> list[KnownToken]:
        """Every API token that there ever was, oldest first, without its text or any hash of it."""
        found: Page[KnownToken] = self._wire.get("/v1/tokens", Page[KnownToken])
        return found.items

    def create_token(self, wanted: WantedToken) -> Minted:
        """A new token with its text, which nobody can be told again; Invalid, TokenExists, TokensUnused."""
        made: Minted = self._wire.do("/v1/tokens", message(wanted), Minted)
        return made

    def rotate_token(self, name: str, *, grace_seconds: int = 0) -> Minted:
        """Another text for a token; the old one stays good for so long. Invalid, TokenNotFound, TokensUnused."""
        made: Minted = self._wire.do("/v1/tokens/rotate", {"name": name, "grace_seconds": grace_seconds}, Minted)
        return made

    def revoke_token(self, name: str) -> None:
        """A token is good for nothing any more, in every process; TokenNotFound."""
        self._wire.do("/v1/tokens/revoke", {"name": name}, None)
