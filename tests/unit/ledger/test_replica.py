"""The replica: when it asks the database, what it applies, and when it reads everything again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from berth.ledger import replica as replicas
from berth.ledger.observer import CommitObserver
from berth.ledger.replica import Replica
from berth.ledger.write.writer import Writer
from berth.model.caller import Caller
from berth.model.change import Change, NameKind
from berth.model.commands import CreateToken, CreateTrait
from berth.model.errors import Unavailable
from berth.model.token import Token
from berth.store import head
from berth.store.backend import Unreachable
from berth.store.engine import Database

TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))


class Followed(CommitObserver):
    """Keeps how many changes of others were applied each time."""

    def __init__(self) -> None:
        self.changes: list[int] = []

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See CommitObserver."""
        assert head >= 0
        assert seconds >= 0
        self.changes.append(changes)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth.ledger.retry.FIRST_PAUSE_S", 0)


@pytest.fixture
def replica(database: Database) -> Replica:
    opened = Replica(database)
    opened.observer = Followed()
    return opened


@pytest.fixture
def other(database: Database) -> Iterator[Writer]:
    """Another process's writer, as far as the replica can tell."""
    url = database.url.render_as_string(hide_password=False)
    opened = Writer(Database(url))
    yield opened
    opened.close()


def _write(writer: Writer, *names: str) -> None:
    answers = [writer.queue(CreateTrait(name=name), Caller(user="ada"), "req-1") for name in names]
    writer.run_pending()
    assert [answer.result(0) for answer in answers] == [True] * len(names)


def _knows(replica: Replica, name: str) -> bool:
    with replica.read() as fleet:
        return fleet.catalogue.id_of(NameKind.TRAIT, name) is not None


def _followed(replica: Replica) -> list[int]:
    assert isinstance(replica.observer, Followed)
    return replica.observer.changes


def test_a_read_knows_what_others_have_committed(replica: Replica, other: Writer) -> None:
    assert not _knows(replica, "CUSTOM_X")
    _write(other, "CUSTOM_X", "CUSTOM_Y")
    assert _knows(replica, "CUSTOM_X")
    assert _knows(replica, "CUSTOM_Y")
    assert _followed(replica) == [2], "applied once"


def test_rows_and_fleet_are_of_one_moment(replica: Replica, other: Writer) -> None:
    _write(other, "CUSTOM_X")
    with replica.read_with_rows() as (fleet, connection):
        assert fleet.head == head.read(connection).number
        _write(other, "CUSTOM_Y")
        assert fleet.head == head.read(connection).number


def test_a_request_checks_once(database: Database, other: Writer) -> None:
    """What others commit during a request shows in the next one."""
    own = Writer(database)
    with own.request("req-1") as scope:
        assert not _knows(own, "CUSTOM_X")
        assert scope.checked
        _write(other, "CUSTOM_X")
        assert not _knows(own, "CUSTOM_X")
    with own.request("req-1"):
        assert _knows(own, "CUSTOM_X")


def test_tokens_are_read_again_after_a_change_to_one(replica: Replica, other: Writer) -> None:
    assert replica.tokens() == {}
    other.queue(CreateToken(token=TOKEN), Caller(user="ada"), "req-1")
    other.run_pending()
    assert set(replica.tokens()) == {"t"}


def test_other_changes_leave_the_tokens_alone(replica: Replica, other: Writer) -> None:
    before = replica.tokens()
    _write(other, "CUSTOM_X")
    assert replica.tokens() is before


def _execute(statement: str) -> Callable[[Database], None]:
    def execute(database: Database) -> None:
        with database.writing() as connection:
            connection.execute(text(statement))

    return execute


REBUILT = {
    "the head moved on without changes": _execute("UPDATE head SET number = number + 3"),
    "a backup was restored": _execute("UPDATE head SET number = number - 1"),
    "a change is missing": _execute("DELETE FROM changes WHERE number = (SELECT MAX(number) - 1 FROM changes)"),
}


@pytest.mark.parametrize("name", REBUILT)
def test_when_the_log_does_not_continue_everything_is_read_again(name: str, replica: Replica, other: Writer) -> None:
    before = replica.fleet
    if name == "a change is missing":
        _write(other, "CUSTOM_X", "CUSTOM_Y")
    REBUILT[name](other.database)
    with replica.read() as fleet, other.database.reading() as connection:
        assert fleet is not before
        assert fleet.head == head.read(connection).number
    assert _knows(replica, "CUSTOM_Y") is (name == "a change is missing")


def test_a_change_that_does_not_fit_is_read_from_rows(
    replica: Replica, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_fleet: object, _change: Change) -> None:
        raise ZeroDivisionError

    before = replica.fleet
    _write(other, "CUSTOM_X")
    monkeypatch.setattr(replicas, "apply", fail)
    assert _knows(replica, "CUSTOM_X")
    assert replica.fleet is not before


@pytest.mark.parametrize("failures", [1, replicas.CHECKS - 1, replicas.CHECKS])
def test_a_check_is_tried_again(failures: int, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    latest, failed = replica._watch.latest, list[int]()

    def flaky() -> int | None:
        if len(failed) < failures:
            failed.append(1)
            raise Unreachable("gone")
        return latest()

    monkeypatch.setattr(replica._watch, "latest", flaky)
    if failures < replicas.CHECKS:
        assert not _knows(replica, "CUSTOM_X")
    else:
        with pytest.raises(Unavailable):
            _knows(replica, "CUSTOM_X")
    assert replica._fleet_lock.acquire(blocking=False), "the lock is free afterwards"
    replica._fleet_lock.release()
