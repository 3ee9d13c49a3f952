"""The API tokens as this process knows them."""

from __future__ import annotations

import threading
from contextlib import nullcontext

from sqlalchemy import Connection

from berth.model.token import Token
from berth.store import tokens
from berth.store.engine import Database


class TokenCache:
    """Every API token by its id, read when first needed, and again after a change to any of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] | None = None

    def get(self, connection: Connection | None = None) -> dict[str, Token]:
        """Return the tokens, which must not be changed. connection: of the transaction to read them in, if any."""
        with self._lock:
            if self._tokens is None:
                with nullcontext(connection) if connection else self._database.reading() as reading:
                    self._tokens = {token.id: token for token in tokens.all_tokens(reading)}
            return self._tokens

    def invalidate(self) -> None:
        """Forget all of them: a change that is committed concerns tokens."""
        with self._lock:
            self._tokens = None
