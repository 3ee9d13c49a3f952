"""The cache of API tokens: read once, and again after a change."""

from __future__ import annotations

import pytest

from berth.ledger.token_cache import TokenCache
from berth.model.token import Token
from berth.store import tokens
from berth.store.engine import Database

TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections with which tokens were read."""
    seen: list[object] = []

    def all_tokens(connection: object) -> list[Token]:
        seen.append(connection)
        return [TOKEN]

    monkeypatch.setattr(tokens, "all_tokens", all_tokens)
    return seen


def test_it_is_read_once(database: Database, reads: list[object]) -> None:
    cache = TokenCache(database)
    assert reads == []
    assert cache.get() == {"t": TOKEN}
    assert cache.get() is cache.get()
    assert len(reads) == 1


def test_it_is_read_again_after_a_change(database: Database, reads: list[object]) -> None:
    cache = TokenCache(database)
    before = cache.get()
    cache.invalidate()
    assert len(reads) == 1, "not before it is needed"
    assert cache.get() is not before
    assert len(reads) == 2


def test_it_is_read_in_the_transaction_that_is_given(database: Database, reads: list[object]) -> None:
    cache = TokenCache(database)
    with database.reading() as connection:
        cache.get(connection)
        assert reads == [connection]
