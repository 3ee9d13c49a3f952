"""What PostgreSQL, its relatives and poolers say, and what that means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
import pytest
from sqlalchemy import make_url

from berth.model.errors import BerthError, DatabaseUnusable, Unavailable
from berth.store import postgresql
from berth.store.address import Address
from berth.store.backend import Busy, CertificationConflict, Purpose, ReadOnly, StaleRead, Unreachable
from berth.store.pooler import TRIES, changes_servers
from berth.store.postgresql import POSTGRESQL

STATES = [
    ("08006", Unreachable, "did not answer"),
    ("0A000", DatabaseUnusable, "does not support"),
    ("23505", StaleRead, "another program"),
    ("25006", ReadOnly, "is read-only"),
    ("25P03", Unreachable, "had been idle"),
    ("26000", Unreachable, "set database_pooled = true"),
    ("28000", DatabaseUnusable, "rejects the login"),
    ("3D000", DatabaseUnusable, "does not exist"),
    ("40001", CertificationConflict, "had a conflict"),
    ("40P01", CertificationConflict, "had a conflict"),
    ("40003", Unreachable, "does not know whether"),
    ("42501", DatabaseUnusable, "berth db grant"),
    ("42704", DatabaseUnusable, "lacks a setting"),
    ("42883", DatabaseUnusable, "lacks a function"),
    ("42P01", DatabaseUnusable, "lacks a table"),
    ("42P05", Unreachable, "set database_pooled = true"),
    ("53100", Unavailable, "has run out of disk"),
    ("53300", Unreachable, "has no connection left"),
    ("55P03", Busy, "another process"),
    ("57014", Unavailable, "took too long"),
    ("57P01", Unreachable, "is shutting down"),
    ("57P04", DatabaseUnusable, "was dropped"),
    ("58030", Unavailable, "reports an error of its disk"),
    ("XX000", Unavailable, "reports an internal error"),
    ("XX001", DatabaseUnusable, "is damaged"),
]


def _said(state: str, text: str = "words of the server") -> psycopg.Error:
    """An error as psycopg raises it for a state: of the class that it has for that."""
    kind = psycopg.errors.lookup(state) if state in psycopg.errors._sqlcodes else psycopg.OperationalError
    error = kind(text)
    error.sqlstate = state
    return error


@pytest.mark.parametrize(("state", "kind", "words"), STATES)
def test_by_its_state(state: str, kind: type[BerthError], words: str) -> None:
    failure = POSTGRESQL.explain(_said(state))
    assert failure is not None
    assert (failure.kind, words in failure.words) == (kind, True), failure


def test_a_fault_of_berths_is_not_the_database_s() -> None:
    for state in ("42601", "22001"):  # a syntax error, a value that is too long
        assert POSTGRESQL.explain(_said(state)) is None
    assert POSTGRESQL.explain(ValueError("no")) is None


@pytest.mark.parametrize(
    ("state", "text", "kind", "words"),
    [
        ("", "connection failed: session is read-only", ReadOnly, "written to"),
        ("", "connection failed: server is in hot standby mode", ReadOnly, "is a standby"),
        ("", "FATAL:  unsupported startup parameter: options", DatabaseUnusable, "set database_pooled = true"),
        ("", 'FATAL:  password authentication failed for user "x"', DatabaseUnusable, "rejects the login"),
        ("08P01", "pgbouncer cannot connect to server", Unreachable, "the pooler"),
        ("08P01", "query_wait_timeout", Unreachable, "in the pooler"),
        ("", "Connection refused\nIs it running?", Unreachable, "did not answer: Is it running?"),
    ],
)
def test_by_its_text(state: str, text: str, kind: type[BerthError], words: str) -> None:
    error = psycopg.OperationalError(text)
    error.sqlstate = state or None
    failure = POSTGRESQL.explain(error)
    assert failure is not None
    assert (failure.kind, words in failure.words) == (kind, True), failure


def test_the_next_host_is_tried_and_the_right_one_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that hangs costs its time once, not each time that a connection is opened."""
    tried = list[tuple[str, int]]()

    def opened(_address: Address, _purpose: Purpose, options: dict[str, Any]) -> str:
        tried.append((options["host"], options["connect_timeout"]))
        if options["host"] == "hangs":
            raise psycopg.errors.ConnectionTimeout("timeout expired")
        return "connection"

    monkeypatch.setattr(postgresql, "_opened", opened)
    address = Address(make_url("postgresql://db/berth"))
    for _ in range(2):
        assert postgresql._first_right(address, Purpose.LOOK, {"host": "hangs,right"}) == "connection"
    assert tried == [("hangs", 2), ("right", 2), ("right", 2)]
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        postgresql._first_right(address, Purpose.LOOK, {"host": "hangs"})


class Pooled:
    """A connection through a pooler of two servers, which are given out last used first."""

    def __init__(self, free: list[int], keeps: bool) -> None:
        self._free, self._keeps, self._server = free, keeps, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._keeps and self._server:
            self._free.append(self._server)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._server = self._server or self._free.pop()
        yield
        if not self._keeps:
            self._free.append(self._server)
            self._server = 0

    def execute(self, _statement: str) -> Pooled:
        return self

    def fetchone(self) -> tuple[int]:
        return (self._server,)


@pytest.mark.parametrize("keeps", [False, True])
def test_a_pooler_of_transactions_is_noticed(keeps: bool) -> None:
    free, opened = [11, 12], list[Pooled]()

    def connect() -> Any:
        opened.append(Pooled(free, keeps))
        return opened[-1]

    mine: Any = Pooled(free, keeps)
    assert changes_servers(mine, connect) is not keeps
    assert len(opened) == (TRIES if keeps else 1)
