"""API tokens: made, listed, rotated, revoked."""

from __future__ import annotations

from berth.ledger.credentials import HashKey, key_of, new_token, rotated_token
from berth.ledger.write.writer import Writer
from berth.model.commands import Command, CreateToken, RevokeToken, RotateToken
from berth.model.interface import LedgerInterface
from berth.model.text import checked_text
from berth.model.token import IssuedToken, Token, TokenInfo, TokenSpec, known


class TokenVerbs(LedgerInterface):
    """What a ledger does with API tokens."""

    _writer: Writer
    secret_file: str

    def tokens(self) -> list[TokenInfo]:
        """Every API token that there ever was, oldest first, without its text or any hash of it."""
        every = sorted(self._writer.tokens().values(), key=lambda token: (token.created_at, token.name))
        return [known(token) for token in every]

    def create_token(self, wanted: TokenSpec) -> IssuedToken:
        """A new token with its text, which nobody can be told again; Invalid, TokenExists."""
        return self._minted(*self.creation(wanted))

    def rotate_token(self, name: str, *, grace_seconds: int = 0) -> IssuedToken:
        """Another text for a token; the old one stays good for so long. Invalid, TokenNotFound."""
        return self._minted(*self.rotation(name, grace_seconds))

    def revoke_token(self, name: str) -> None:
        """A token is good for nothing any more, in every process; TokenNotFound."""
        self._do(self.revocation(name))

    def creation(self, wanted: TokenSpec) -> tuple[CreateToken, str]:
        """The command that makes a token, and the token's text; Invalid."""
        token, told = new_token(self._key(), wanted)
        return CreateToken(token=token), told

    def rotation(self, name: str, grace_seconds: int) -> tuple[RotateToken, str]:
        """The command that gives a token another text, and the text; Invalid."""
        token = next((each for each in self._writer.tokens().values() if each.name == name), None)
        return rotated_token(self._key(), token, name, grace_seconds)

    def revocation(self, name: str) -> RevokeToken:
        """The command that ends a token; Invalid."""
        return RevokeToken(name=checked_text(name, "the token's name"))

    def _minted(self, command: Command, told: str) -> IssuedToken:
        token: Token = self._do(command)
        return IssuedToken(known(token), told)

    def _key(self) -> HashKey:
        return key_of(self._writer.database, self.secret_file)
