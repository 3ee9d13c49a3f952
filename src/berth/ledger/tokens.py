"""API tokens: created, listed, rotated, revoked."""

from __future__ import annotations

from msgspec.structs import replace

from berth.ledger.credentials import HashKey, key_of, new_token, rotated_token
from berth.ledger.write.writer import Writer
from berth.model.commands import Command, CreateToken, RevokeToken, RotateToken
from berth.model.interface import LedgerInterface
from berth.model.text import checked_text
from berth.model.token import IssuedToken, Token, TokenInfo, TokenSpec, known
from berth.store import tokens as stored


class TokenVerbs(LedgerInterface):
    """The verbs for API tokens."""

    _writer: Writer
    secret_file: str

    def tokens(self) -> list[TokenInfo]:
        """Return every API token ever created, oldest first, without its text or hash."""
        self._writer.require_time()
        every = sorted(self._writer.tokens().values(), key=lambda token: (token.created_at, token.name))
        # Uses are no changes of the log, so that no cache learns of them: each process writes those that it sees.
        with self._writer.database.reading() as connection:
            uses = stored.last_uses(connection)
        return [known(replace(token, last_used_at=uses.get(token.id))) for token in every]

    def create_token(self, wanted: TokenSpec) -> IssuedToken:
        """Create a token. Its text is returned only now. Raises Invalid, TokenExists."""
        return self._issue(*self.creation(wanted))

    def rotate_token(self, name: str, *, grace_seconds: int = 0) -> IssuedToken:
        """Replace a token's text; the old one stays valid for grace_seconds. Raises Invalid, TokenNotFound."""
        return self._issue(*self.rotation(name, grace_seconds))

    def revoke_token(self, name: str) -> None:
        """Revoke a token, in every process. Raises TokenNotFound."""
        self._do(self.revocation(name))

    def creation(self, wanted: TokenSpec) -> tuple[CreateToken, str]:
        """Return the command that creates a token, and the token's text. Raises Invalid."""
        token, text = new_token(self._key(), wanted)
        return CreateToken(token=token), text

    def rotation(self, name: str, grace_seconds: int) -> tuple[RotateToken, str]:
        """Return the command that replaces a token's text, and the new text. Raises Invalid."""
        token = next((each for each in self._writer.tokens().values() if each.name == name), None)
        return rotated_token(self._key(), token, name, grace_seconds)

    def revocation(self, name: str) -> RevokeToken:
        """Return the command that revokes a token. Raises Invalid."""
        return RevokeToken(name=checked_text(name, "the token's name"))

    def _issue(self, command: Command, text: str) -> IssuedToken:
        token: Token = self._do(command)
        return IssuedToken(known(token), text)

    def _key(self) -> HashKey:
        return key_of(self._writer.database, self.secret_file)
