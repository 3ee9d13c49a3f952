"""The writer: what shares a commit, and what happens to a batch that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, func, select

from berth.ledger.observer import CommitObserver
from berth.ledger.request_scope import TokenChanged
from berth.ledger.write import batch as batches
from berth.ledger.write import writer as writers
from berth.ledger.write.decide import decide, go_together
from berth.ledger.write.decide.allocate import Deferred
from berth.ledger.write.draft import Draft
from berth.ledger.write.writer import Writer
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import (
    Allocate,
    Command,
    CreateProvider,
    CreateToken,
    CreateTrait,
    DeleteTrait,
    ReleaseAllocations,
    RevokeToken,
)
from berth.model.errors import AllocationsNotFound, TraitsNotFound, Unavailable
from berth.model.request import CandidateRequest
from berth.model.token import Token
from berth.store import audit, tables, write_set
from berth.store.backend import Purpose, StaleRead, Unreachable
from berth.store.engine import Database
from tests.unit.ledger.write.memory_ledger import ABSENT, NEW

ADA = Caller(user="ada")
TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))
FIND = CandidateRequest(groups=())


class Recorder(CommitObserver):
    """Keeps the events of commits."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.retries = 0
        self.refusals: list[type[Exception]] = []

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        assert began_ns <= ended_ns
        self.commits.append(list(requests))

    def tried_again(self) -> None:
        """See CommitObserver."""
        self.retries += 1

    def refused(self, error: Exception) -> None:
        """See CommitObserver."""
        self.refusals.append(type(error))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth.ledger.retry.FIRST_PAUSE_S", 0)


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    opened = Writer(database, clock=lambda: 1_000)
    opened.observer = Recorder()
    yield opened
    opened.close()


def _recorder(writer: Writer) -> Recorder:
    assert isinstance(writer.observer, Recorder)
    return writer.observer


def _queue(writer: Writer, *commands: Command) -> list[Future[Any]]:
    return [writer.queue(command, ADA, f"req-{number}") for number, command in enumerate(commands)]


def _run(writer: Writer, *commands: Command) -> list[Any]:
    """Queue commands, carry them out, and return each result or the type of each error."""
    answers = _queue(writer, *commands)
    writer.run_pending()
    return [_result(answer) for answer in answers]


def _result(answer: Future[Any]) -> Any:
    error = answer.exception(0)
    return answer.result(0) if error is None else type(error)


def _traits(count: int) -> list[Command]:
    return [CreateTrait(name=f"CUSTOM_{number}") for number in range(count)]


def _rows(writer: Writer, table: Any) -> int:
    """Return the number of entries of a log after the first, with which a ledger begins."""
    with writer.database.reading() as connection:
        return int(connection.execute(select(func.count()).where(table.c.number > 1)).scalar_one())


# --- What shares a commit ---


def test_all_that_is_queued_is_one_commit(writer: Writer) -> None:
    assert _run(writer, *_traits(5)) == [True] * 5
    assert _recorder(writer).commits == [[f"req-{number}" for number in range(5)]]
    assert (_rows(writer, tables.changes), writer.fleet.head) == (5, 6)


def test_a_batch_has_a_limit(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MOST_IN_A_BATCH", 2)
    _run(writer, *_traits(5))
    assert [len(commit) for commit in _recorder(writer).commits] == [2, 2, 1]


CREATE, DELETE, SEARCH = (
    CreateTrait(name="CUSTOM_X"),
    DeleteTrait(name="CUSTOM_X"),
    Allocate(request=FIND, consumer=NEW, project="p", user="u"),
)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (CREATE, CREATE, True),
        (SEARCH, SEARCH, True),
        (CREATE, SEARCH, False),
        (SEARCH, CREATE, False),
        (CREATE, DELETE, False),
        (DELETE, CREATE, False),
        (DELETE, DELETE, False),
    ],
)
def test_which_commands_share_a_batch(one: Command, other: Command, together: bool) -> None:
    assert go_together(one, other) is together


def test_a_command_that_needs_a_batch_of_its_own_keeps_its_turn(writer: Writer) -> None:
    assert _run(writer, CREATE, DELETE, CREATE, DELETE, DELETE) == [True, None, True, None, TraitsNotFound]
    assert [len(commit) for commit in _recorder(writer).commits] == [1, 1, 1, 1, 1]


def test_a_deferred_command_comes_first_in_the_next_batch(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def defer_once(draft: Draft, command: Any) -> Any:
        order.append(command.name)
        if command.name == "CUSTOM_1" and order.count("CUSTOM_1") == 1:
            raise Deferred
        return decide(draft, command)

    monkeypatch.setattr(batches, "decide", defer_once)
    monkeypatch.setattr(writers, "MOST_IN_A_BATCH", 3)
    assert _run(writer, *_traits(5)) == [True] * 5
    assert [name[-1] for name in order] == ["0", "1", "2", "1", "3", "4"]


def test_what_is_queued_while_another_thread_writes_is_left_to_it(writer: Writer) -> None:
    with writer._at_work:
        answer = _queue(writer, CREATE)[0]
        writer.run_pending()
        assert not answer.done()
    writer.run_pending()
    assert answer.result(0) is True


def test_nothing_queued_is_no_commit(writer: Writer) -> None:
    assert not writer.has_pending
    writer.run_pending()
    assert _recorder(writer).commits == []


# --- What fails ---


def test_a_refused_command_leaves_the_others_alone(writer: Writer) -> None:
    assert _run(writer, CREATE, ReleaseAllocations(consumer=NEW), CreateTrait(name="CUSTOM_Y")) == [
        True,
        AllocationsNotFound,
        True,
    ]
    assert _recorder(writer).refusals == [AllocationsNotFound]
    assert len(_recorder(writer).commits) == 1


def test_a_command_with_a_fault_fails_alone(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole batch is rolled back; then each command is carried out on its own."""

    def fail(draft: Draft, command: Any) -> Any:
        if command.name == "CUSTOM_1":
            raise ZeroDivisionError
        return decide(draft, command)

    monkeypatch.setattr(batches, "decide", fail)
    assert _run(writer, *_traits(3)) == [True, ZeroDivisionError, True]
    assert _rows(writer, tables.changes) == 2
    assert [len(commit) for commit in _recorder(writer).commits] == [1, 1]
    assert _recorder(writer).refusals == [ZeroDivisionError]


def _fail_first(monkeypatch: pytest.MonkeyPatch, times: int, error: Callable[[], Exception]) -> list[int]:
    """Make the first writes of rows fail."""
    failed: list[int] = []
    write = write_set.write

    def failing(connection: Any, rows: Any) -> None:
        if len(failed) < times:
            failed.append(1)
            raise error()
        write(connection, rows)

    monkeypatch.setattr(write_set, "write", failing)
    return failed


@pytest.mark.parametrize("error", [StaleRead, Unreachable])
def test_a_failed_batch_is_tried_again(
    error: type[Unavailable], writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_first(monkeypatch, writers.TRIES - 1, lambda: error("gone"))
    assert _run(writer, *_traits(2)) == [True, True]
    assert _recorder(writer).retries == writers.TRIES - 1
    assert _rows(writer, tables.changes) == 2


def test_a_batch_is_given_up(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    _fail_first(monkeypatch, writers.TRIES, lambda: Unreachable("gone"))
    assert _run(writer, *_traits(2)) == [Unreachable, Unreachable]
    assert (_rows(writer, tables.changes), writer.fleet.head) == (0, 1)
    assert _run(writer, CREATE) == [True]


def test_a_stale_read_makes_the_writer_read_everything_again(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = writer.fleet
    _fail_first(monkeypatch, 1, lambda: StaleRead("not as read"))
    _run(writer, CREATE)
    assert writer.fleet is not fleet


@pytest.mark.parametrize("after", [True, False])
def test_a_connection_lost_at_the_commit(after: bool, writer: Writer) -> None:
    """Whether the commit was made shows in the audit log: it is neither lost nor made twice."""
    lost: list[int] = []

    def lose(connection: Any) -> None:
        if lost:
            return
        lost.append(1)
        driver = connection.connection.dbapi_connection
        driver.commit() if after else driver.rollback()
        connection.invalidate()
        raise Unreachable("the network is gone")

    event.listen(writer.database._engine(Purpose.WRITE), "commit", lose)
    assert _run(writer, *_traits(2)) == [True, True]
    assert lost == [1]
    assert (_rows(writer, tables.changes), _rows(writer, tables.audit), writer.fleet.head) == (2, 2, 3)


def test_a_result_is_that_of_the_commit_which_landed(writer: Writer) -> None:
    """A second attempt would find the provider there already, and refuse what was done."""
    lost: list[int] = []

    def lose(connection: Any) -> None:
        if not lost:
            lost.append(1)
            connection.connection.dbapi_connection.commit()
            connection.invalidate()
            raise Unreachable("the network is gone")

    event.listen(writer.database._engine(Purpose.WRITE), "commit", lose)
    provider = _run(writer, CreateProvider(uuid=ABSENT, name="host"))[0]
    assert (provider.uuid, provider.generation) == (ABSENT, 0)


# --- Tokens ---


@pytest.mark.parametrize(("commands", "error"), [([RevokeToken(name="ci")], TokenChanged), ([CREATE], None)])
def test_a_command_whose_token_has_changed_is_not_carried_out(
    commands: list[Command], error: type[Exception] | None, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(writer, CreateToken(token=TOKEN))
    monkeypatch.setattr(writers, "MOST_IN_A_BATCH", 1)
    _queue(writer, *commands)
    with writer.request("req-1"):
        writer.record_token_use(writer.tokens()["t"])
        answer = _queue(writer, CreateTrait(name="CUSTOM_Y"))[0]
    writer.run_pending()
    raised = answer.exception(0)
    assert (None if raised is None else type(raised)) is error
    assert _recorder(writer).refusals == [], "the request starts again: that is no refusal"


def test_one_command_with_a_changed_token_leaves_its_batch_alone(writer: Writer) -> None:
    _run(writer, CreateToken(token=TOKEN))
    with writer.request("req-1"):
        writer.record_token_use(msgspec.structs.replace(writer.tokens()["t"], hash="x"))
        outdated = _queue(writer, CREATE)[0]
    other = _queue(writer, CreateTrait(name="CUSTOM_Y"))[0]
    writer.run_pending()
    assert isinstance(outdated.exception(0), TokenChanged)
    assert other.result(0) is True
    assert len(_recorder(writer).commits) == 2


@pytest.mark.parametrize(
    ("changed", "good"), [({}, True), ({"last_used_at": 5}, True), ({"hash": "x"}, False), ({"id": "gone"}, False)]
)
def test_whether_a_token_still_holds(changed: dict[str, Any], good: bool, writer: Writer) -> None:
    """If it does not, the refusals of the request are not recorded."""
    _run(writer, CreateToken(token=TOKEN))
    with writer.request("req-1") as scope:
        writer.record_token_use(msgspec.structs.replace(writer.tokens()["t"], **changed))
        writer.record_refusal(_refused())
        assert writer.revalidate(scope) is good
    assert len(writer._refusals) == (1 if good else 0)


def test_no_token_needs_no_check(writer: Writer) -> None:
    with writer.request("req-1") as scope:
        writer.database.close()
        assert writer.revalidate(scope) is True


def test_a_token_cannot_be_checked_without_a_database(writer: Writer) -> None:
    _run(writer, CreateToken(token=TOKEN))
    with writer.request("req-1") as scope:
        writer.record_token_use(msgspec.structs.replace(writer.tokens()["t"], hash="x"))
    writer.database.close()
    assert writer.revalidate(scope) is False


def test_the_use_of_a_token_is_written_once_a_minute(writer: Writer) -> None:
    _run(writer, CreateToken(token=TOKEN))
    times = iter([100_000_000, 100_000_001, 160_000_001])
    writer.clock = lambda: next(times)
    pending = []
    for _ in range(3):
        writer.record_token_use(TOKEN)
        pending.append(dict(writer._new_uses))
        writer._new_uses.clear()
    assert pending == [{"t": 100_000_000}, {}, {"t": 160_000_001}]


def test_the_use_of_a_token_is_written_without_a_command(writer: Writer) -> None:
    _run(writer, CreateToken(token=TOKEN))
    writer.clock = lambda: 100_000_000
    writer.record_token_use(TOKEN)
    assert writer.has_pending
    writer.run_pending()
    assert not writer.has_pending
    with writer.database.reading() as connection:
        assert connection.execute(select(tables.tokens.c.last_used_at)).scalar() == 100_000_000


# --- Refused requests ---


def _refused() -> RefusedRequest:
    return RefusedRequest(caller=ADA, request="req-9", operation="x", target="GET /x", outcome="403", why="no")


def _outcomes(writer: Writer) -> list[str]:
    with writer.database.reading() as connection:
        return list(connection.execute(select(tables.audit.c.outcome).order_by(tables.audit.c.number)).scalars())[1:]


def test_refused_requests_are_written_after_the_batch(writer: Writer) -> None:
    writer.record_refusal(_refused())
    _run(writer, CREATE)
    assert _outcomes(writer) == ["done", "403"]
    assert not writer.has_pending


def test_a_full_queue_of_refused_requests_is_counted(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MOST_REFUSALS", 2)
    for _ in range(5):
        writer.record_refusal(_refused())
    writer.run_pending()
    writer.record_refusal(_refused())
    writer.run_pending()
    assert _outcomes(writer) == ["403", "403", "left out", "403"]


def test_refused_requests_wait_for_the_database(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.record_refusal(_refused())
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", _unreachable)
        writer.run_pending()
        assert writer.has_pending
    writer.run_pending()
    assert _outcomes(writer) == ["403"]


def test_refused_requests_that_cannot_be_written_do_not_block(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.record_refusal(_refused())
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", _broken)
        writer.run_pending()
    assert not writer.has_pending
    assert _run(writer, CREATE) == [True]
    assert _outcomes(writer) == ["done"]


def _unreachable(*_: object) -> None:
    raise Unreachable("gone")


def _broken(*_: object) -> None:
    raise ZeroDivisionError


def test_closing_carries_out_what_is_queued(writer: Writer) -> None:
    answer = _queue(writer, CREATE)[0]
    writer.close()
    assert answer.result(0) is True


def test_many_threads_share_the_work(writer: Writer) -> None:
    """Whichever thread is at work carries out the others' commands; each gets its own result."""
    results: list[bool] = []

    def write(number: int) -> None:
        answer = writer.queue(CreateTrait(name=f"CUSTOM_{number}"), ADA, f"req-{number}")
        writer.run_pending()
        results.append(answer.result(30))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [True] * 8
    assert sum(len(commit) for commit in _recorder(writer).commits) == 8
