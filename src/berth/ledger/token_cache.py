"""The API tokens as this process knows them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Final

from sqlalchemy import Connection

from berth.model.token import Token
from berth.store import tokens
from berth.store.engine import Database

MOST_NAMED: Final = 500
"""How many tokens are read by their names; if more have changed, all are read."""


class TokenCache:
    """Every API token by its id: all are read when first needed, and those that changed when next needed.

    Its lock is held for moments only: the database is read without it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] | None = None
        self._id_of: dict[str, str] = {}
        self._changed: set[str] = set()
        self._invalidations = 0

    @property
    def current(self) -> bool:
        """Whether `get` need not query the database."""
        return self._tokens is not None and not self._changed

    def get(self, connection: Connection | None = None) -> dict[str, Token]:
        """Return the tokens, which must not be changed. connection: of the transaction to read them in, if any."""
        with self._lock:
            known, changed, seen = self._tokens, set(self._changed), self._invalidations
        if known is not None and not changed:
            return known
        if len(changed) > MOST_NAMED:
            known = None
        with nullcontext(connection) if connection else self._database.reading() as reading:
            read = tokens.all_tokens(reading) if known is None else tokens.named(reading, changed)
        return self._merge(known, changed, read, seen)

    def invalidate(self, names: Iterable[str] | None = None) -> None:
        """Forget the tokens with these names, or all: a change that is committed concerns them."""
        with self._lock:
            self._invalidations += 1
            if names is None:
                self._tokens = None
            else:
                self._changed.update(names)

    def _merge(
        self, known: dict[str, Token] | None, changed: set[str], read: Iterable[Token], seen: int
    ) -> dict[str, Token]:
        """Return the tokens with those that were read; keep them unless some were invalidated since they were."""
        with self._lock:
            kept = seen == self._invalidations
            found = {} if known is None else dict(known)
            id_of = {} if known is None else dict(self._id_of)
            for name in changed & id_of.keys():
                found.pop(id_of.pop(name), None)
            for token in read:
                found[token.id], id_of[token.name] = token, token.id
            if kept:
                self._tokens, self._id_of = found, id_of
                self._changed.clear()
            return found
