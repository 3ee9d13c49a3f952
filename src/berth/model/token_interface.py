"""The verbs of API tokens: a part of the interface of a ledger (berth.model.interface)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from berth.model.token import IssuedToken, TokenInfo, TokenSpec


class TokenInterface(Protocol):
    """What creates, lists and ends API tokens. All may raise Unavailable."""

    @abstractmethod
    def tokens(self) -> list[TokenInfo]:
        """Return every API token ever created, oldest first, without texts and hashes."""

    @abstractmethod
    def create_token(self, wanted: TokenSpec) -> IssuedToken:
        """Create a token. Return it with its text, which cannot be read again. Raises Invalid, TokenExists."""

    @abstractmethod
    def rotate_token(self, name: str, *, grace_seconds: int = 0) -> IssuedToken:
        """Give a token a new text; the old one stays valid for the grace period. Raises Invalid, TokenNotFound."""

    @abstractmethod
    def revoke_token(self, name: str) -> None:
        """Revoke a token, in every process. Raises TokenNotFound."""
