"""What MariaDB, Galera and their relatives say, and what that means."""

from __future__ import annotations

import pymysql
import pytest

from berth.model.errors import BerthError, DatabaseUnusable, Unavailable
from berth.store.backend import Busy, CertificationConflict, ReadOnly, StaleRead, Unreachable
from berth.store.grants import galera_advice
from berth.store.mariadb import MARIADB, _read_causally

CODES = [
    (1020, CertificationConflict, "had a conflict"),
    (1040, Unreachable, "has no connection left"),
    (1045, DatabaseUnusable, "rejects the login"),
    (1047, Unreachable, "is cut off from the majority of its cluster"),
    (1054, DatabaseUnusable, "lacks a column"),
    (1062, StaleRead, "another program"),
    (1146, DatabaseUnusable, "lacks a table"),
    (1153, Unavailable, "max_allowed_packet"),
    (1180, Unreachable, "could not commit"),
    (1205, Busy, "lags behind its cluster"),
    (1213, CertificationConflict, "had a conflict"),
    (1290, ReadOnly, "is read-only"),
    (1317, Unavailable, "took too long"),
    (2013, Unreachable, "did not answer"),
    (3101, CertificationConflict, "had a conflict"),
    (8028, Unavailable, "is being migrated"),
    (9005, Unreachable, "did not answer"),
    (9007, CertificationConflict, "had a conflict"),
]


@pytest.mark.parametrize(("code", "kind", "words"), CODES)
def test_by_its_code(code: int, kind: type[BerthError], words: str) -> None:
    failure = MARIADB.explain(pymysql.err.OperationalError(code, "words of the server"))
    assert failure is not None
    assert (failure.kind, words in failure.words) == (kind, True), failure


def test_a_fault_of_berths_is_not_the_database_s() -> None:
    assert MARIADB.explain(pymysql.err.ProgrammingError(1064, "syntax")) is None
    assert MARIADB.explain(ValueError("no")) is None


class Cursor:
    """A cursor whose server knows a variable, or answers with a code."""

    def __init__(self, code: int) -> None:
        self.code, self.statements = code, list[str]()

    def execute(self, statement: str) -> None:
        self.statements.append(statement)
        if self.code:
            raise pymysql.err.OperationalError(self.code, "words of the server")


def test_a_server_that_was_built_without_galera_is_none_the_worse() -> None:
    for code in (0, 1193):
        cursor = Cursor(code)
        _read_causally(cursor)
        assert cursor.statements == ["SET SESSION wsrep_sync_wait = @@SESSION.wsrep_sync_wait | 1"]
    with pytest.raises(pymysql.err.OperationalError):
        _read_causally(Cursor(2013))


NODE = {"wsrep_on": "ON", "wsrep_provider": "/usr/lib/galera/libgalera_smm.so", "wsrep_sync_wait": "1"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, None),
        ({"wsrep_sync_wait": "15"}, None),
        ({"wsrep_sync_wait": "6"}, "wsrep_sync_wait could not be set"),
        ({"wsrep_sync_wait": "0", "wsrep_on": "OFF"}, None),
        ({"wsrep_sync_wait": "0", "wsrep_provider": "none"}, None),
        ({"wsrep_dirty_reads": "ON"}, "wsrep_dirty_reads is on"),
        ({"wsrep_provider_options": "pc.ignore_quorum = false; pc.ignore_sb = true; x = 1"}, "pc.ignore_sb is true"),
        ({"wsrep_provider_options": "pc.ignore_quorum=true;"}, "pc.ignore_quorum is true"),
    ],
)
def test_what_must_not_be_set_on_galera(more: dict[str, str], words: str | None) -> None:
    sentences = list(galera_advice(NODE | more))
    assert len(sentences) == (words is not None)
    assert words is None or words in sentences[0]
