"""The checker of the audit log detects each kind of damage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from berth.ledger import open_ledger
from berth.store.engine import Database
from tests.suites.torture.audit_log import Follower, broken_records
from tests.suites.torture.history import Event
from tests.support.filled_ledger import VM, fill
from tests.support.servers import TOKEN_NAME


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/berth.db"


@pytest.fixture
def follower(url: str) -> Iterator[Follower]:
    """Return a follower that has read all of a small ledger and found nothing wrong."""
    with open_ledger(url) as ledger:
        fill(ledger)
        with closing(Follower(url)) as following:
            assert following.look() == []
            ledger.release(VM)
            assert following.look() == []
            ledger.create_trait("CUSTOM_LATER")
            yield following


DAMAGES = {
    "UPDATE audit SET actor = 'nobody' WHERE number > 14": "is not as it was sealed",
    "UPDATE audit SET hash = 'x' WHERE number = (SELECT max(number) - 1 FROM audit)": "was there, and is gone",
    "UPDATE changes SET facts = '{}' WHERE number = (SELECT max(number) FROM changes)": "is not as it was sealed",
    "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)": "the log ends with",
    "DELETE FROM audit WHERE number = (SELECT max(number) - 1 FROM audit)": "was there, and is gone",
    "UPDATE audit SET number = 99, change = 99 WHERE number = (SELECT max(number) FROM audit)": "record 99 follows",
    "UPDATE audit SET change = 99 WHERE number = (SELECT max(number) FROM audit)": "is of change 99",
    "UPDATE head SET number = number + 1": "the head says",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage(follower: Follower, url: str, damage: str) -> None:
    with closing(Database(url)) as database, database.writing() as connection:
        connection.execute(text(damage))
    found = follower.look()
    assert any(DAMAGES[damage] in each for each in found), found


def record(request: str, actor: str = TOKEN_NAME, change: int | None = 1) -> dict[str, Any]:
    return {"request": request, "actor": actor, "change": change}


DONE = Event(0, 1, "client", "a", "write", {}, "done", request="req-1")
CASES: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "it is there": ([record("req-1")], None),
    "so is what had no answer": ([record("req-1"), record("req-2")], None),
    "it is missing": ([record("req-2")], "there are 0 changes of it"),
    "it was only tried": ([record("req-1", change=None)], "there are 0 changes of it"),
    "twice": ([record("req-1"), record("req-1")], "there are 2 changes of it"),
    "what had no answer twice": ([record("req-1"), record("req-2"), record("req-2")], "req-2 has 2 changes"),
    "by another": ([record("req-1", "nobody")], "is said to be of nobody"),
}


@pytest.mark.parametrize("name", CASES)
def test_records(name: str) -> None:
    records, expected = CASES[name]
    found = list(broken_records([DONE], records))
    assert (found == []) if expected is None else any(expected in each for each in found), found
