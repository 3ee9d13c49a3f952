"""The replica: when it asks the database, what it applies, and when it reads everything again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, text

from berth.ledger import replica as replicas
from berth.ledger import versions
from berth.ledger.observer import CommitObserver
from berth.ledger.replica import Replica
from berth.ledger.request_scope import NeedsTime, RequestScope
from berth.ledger.write.writer import Writer
from berth.model.caller import Caller
from berth.model.change import Change, NameKind
from berth.model.commands import CreateToken, CreateTrait, RevokeToken
from berth.model.errors import Unavailable
from berth.model.token import Token
from berth.store import changes as change_log
from berth.store import head
from berth.store.backend import Capabilities, Unreachable
from berth.store.engine import Database
from berth.store.head import Head

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
    monkeypatch.setattr(versions, "apply", fail)
    assert _knows(replica, "CUSTOM_X")
    assert replica.fleet is not before


@pytest.mark.parametrize("failures", [1, replicas.CHECKS - 1, replicas.CHECKS])
def test_a_check_is_tried_again(failures: int, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    latest, failed = replica._watch.latest, list[int]()

    def flaky(wait_s: float) -> Head | None:
        if len(failed) < failures:
            failed.append(1)
            raise Unreachable("gone")
        return latest(wait_s)

    monkeypatch.setattr(replica._watch, "latest", flaky)
    if failures < replicas.CHECKS:
        assert not _knows(replica, "CUSTOM_X")
    else:
        with pytest.raises(Unavailable):
            _knows(replica, "CUSTOM_X")
    assert replica._versions.current.readers == 0


def _behind(latest: Head) -> Head:
    """Return a head that the database may have had before."""
    return latest._replace(
        number=latest.number - 1, audit_number=latest.audit_number - 1, audit_hash="of the one before"
    )


@pytest.fixture
def networked(replica: Replica) -> Replica:
    """Return the replica as if its database were behind a network."""
    capabilities = dataclasses.replace(replica.database.capabilities, embedded=False)
    replica.database._backend = dataclasses.replace(replica.database._backend, capabilities=capabilities)
    return replica


def test_an_older_state_is_believed_only_after_a_while(
    networked: Replica, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby that lags answers so for moments; a backup that was restored, from now on."""
    _write(other, "CUSTOM_X")
    assert _knows(networked, "CUSTOM_X")
    fleet, read = networked.fleet, head.read
    monkeypatch.setattr(replicas, "BELIEVED_AFTER_S", 3600)
    with monkeypatch.context() as lagging:
        lagging.setattr(networked._watch, "latest", lambda _wait_s: _behind(read_now(networked)))
        lagging.setattr(head, "read", lambda connection: _behind(read(connection)))
        for use in (networked.read, networked.read_with_rows):
            with pytest.raises(Unavailable, match="an older state than it has had"), use():
                pass
    assert _knows(networked, "CUSTOM_X")
    assert (networked.fleet is fleet, networked.history_epoch, networked._behind_since) == (True, 0, None)
    monkeypatch.setattr(replicas, "BELIEVED_AFTER_S", 0)
    monkeypatch.setattr(networked._watch, "latest", lambda _wait_s: _behind(read_now(networked)))
    monkeypatch.setattr(head, "read", lambda connection: _behind(read(connection)))
    with networked.read() as rebuilt:
        assert rebuilt is not fleet
    assert networked.history_epoch == 1


def read_now(replica: Replica) -> Head:
    with replica.database.reading() as connection:
        return head.head_of(connection.execute(head.READ).one())


def test_a_reader_stops_neither_writers_nor_other_readers(database: Database, other: Writer) -> None:
    """A reader stays in its context; a lock that it held would be waited for, here or with the head locked there."""
    own = Writer(database)
    with own.read() as fleet, own.read_with_rows() as (of_rows, connection):
        _in_a_thread(lambda: _write(own, "CUSTOM_HERE"))
        _in_a_thread(lambda: _write(other, "CUSTOM_THERE"))
        _in_a_thread(lambda: _write(own, "CUSTOM_AGAIN"))
        _in_a_thread(own.ping)
        _in_a_thread(own.tokens)
        assert fleet.head == of_rows.head == head.read(connection).number == own.position.number - 3
        assert {_knows(own, f"CUSTOM_{name}") for name in ("HERE", "THERE", "AGAIN")} == {True}
        assert own.read_memory()[0] == 1
    assert own.read_memory() == (0, 0)


def _in_a_thread(action: Callable[[], object]) -> None:
    """Do something in another thread, which must not have to wait for this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(action).result(60)


def test_a_writer_that_is_far_behind_catches_up_without_the_head_s_lock(
    database: Database, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, done = Writer(database), list[str]()
    lock, after = head.lock, change_log.after

    def locked(connection: Connection, capabilities: Capabilities) -> Head:
        done.append("lock")
        return lock(connection, capabilities)

    def read(connection: Connection, number: int) -> Generator[Change, None, None]:
        done.append("read")
        return after(connection, number)

    _write(other, *(f"CUSTOM_{number}" for number in range(5)))
    monkeypatch.setattr(replicas, "MOST_UNDER_LOCK", 4)
    monkeypatch.setattr(head, "lock", locked)
    monkeypatch.setattr(change_log, "after", read)
    _write(own, "CUSTOM_X")
    assert done == ["lock", "read", "lock"]
    _write(other, "CUSTOM_Y")
    del done[:]
    _write(own, "CUSTOM_Z")
    assert done == ["lock", "read"], "a few changes are applied at once"


def test_a_commit_while_a_reader_catches_up_is_no_other_history(
    database: Database, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader has looked whether this process has passed what it reads, and then the process does."""
    writer = Writer(database)
    hold = writer._versions.hold

    def commit_first() -> versions.Version:
        monkeypatch.undo()
        _write(writer, "CUSTOM_B")
        return hold()

    _write(other, "CUSTOM_A")
    monkeypatch.setattr(writer._versions, "hold", commit_first)
    writer.catch_up()
    assert (writer.history_epoch, writer.position.audit_number) == (0, 3)
    assert _knows(writer, "CUSTOM_A")
    assert _knows(writer, "CUSTOM_B")


def test_another_thread_may_find_a_standby_up_to_date_at_any_moment(
    networked: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = iter([0.0, None])  # another thread has set it to None between two looks
    behind_since = property(lambda _: next(seen), lambda *_: None)
    monkeypatch.setattr(Replica, "_behind_since", behind_since, raising=False)
    assert networked._is_believed()


def _refused_time(replica: Replica, action: Callable[[], object], *, brief: bool = True) -> bool:
    """Whether something is left to another thread in a request that must neither wait nor take long."""
    replica._current.scope = RequestScope(brief=brief)
    try:
        action()
    except NeedsTime:
        return True
    finally:
        replica._current.scope = None
    return False


def _read(replica: Replica) -> None:
    with replica.read():
        pass


def test_a_thread_that_must_not_wait_applies_few_changes(
    replica: Replica, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "FEW_CHANGES", 2)
    _write(other, "CUSTOM_A", "CUSTOM_B")
    assert not _refused_time(replica, lambda: _read(replica))
    _write(other, "CUSTOM_C", "CUSTOM_D", "CUSTOM_E")
    assert _refused_time(replica, lambda: _read(replica))
    assert not _refused_time(replica, lambda: _read(replica), brief=False)
    replica._versions.distrust()
    assert _refused_time(replica, lambda: _read(replica)), "the fleet must be read from rows"


def test_a_thread_that_must_not_wait_leaves_round_trips_to_others(
    networked: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_rows() -> None:
        with networked.read_with_rows():
            pass

    monkeypatch.setattr(networked.database, "_transaction", None)  # none is begun
    for action in (lambda: _read(networked), networked.tokens, networked.ping, read_rows):
        assert _refused_time(networked, action)


def test_only_the_tokens_that_changed_are_read_again(replica: Replica, other: Writer) -> None:
    for number in range(3):
        other.queue(CreateToken(token=replace(TOKEN, id=f"t{number}", name=f"ci{number}")), Caller(), "req-1")
    other.run_pending()
    assert set(replica.tokens()) == {"t0", "t1", "t2"}
    with other.database.writing() as connection:
        connection.execute(text("UPDATE tokens SET hash = 'not read again'"))
    other.queue(RevokeToken(name="ci1"), Caller(user="ada"), "req-1")
    other.run_pending()
    found = replica.tokens()
    assert [found[f"t{number}"].hash for number in range(3)] == ["h", "not read again", "h"]
    assert found["t1"].revoked_at is not None


def test_an_end_that_was_passed_unseen_is_looked_at_again(
    replica: Replica, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a reader's transaction sees one commit, a writer of this process follows that and the next at once."""
    read, seen, fleet = head.read, list[int](), replica.fleet

    def overtaken(connection: Connection) -> Head:
        found = read(connection)
        seen.append(found.number)
        if len(seen) == 1:
            _write(other, "CUSTOM_Y")
            with replica.database.reading() as later:
                assert replica._catch_up(later, read(later))
        return found

    _write(other, "CUSTOM_X")
    before = replica.position.number
    monkeypatch.setattr(head, "read", overtaken)
    assert _knows(replica, "CUSTOM_Y")
    assert seen == [before + 1, before + 2]
    assert (replica.fleet is fleet, replica.history_epoch) == (True, 0)


def test_a_writer_s_fleet_does_not_change_while_it_decides(replica: Replica, other: Writer) -> None:
    """On Galera the head's lock does not keep others from committing, and a reader follows them."""
    with replica._held() as fleet:
        _write(other, "CUSTOM_X")
        assert _knows(replica, "CUSTOM_X")
        assert fleet.catalogue.id_of(NameKind.TRAIT, "CUSTOM_X") is None
    assert replica.fleet is not fleet
