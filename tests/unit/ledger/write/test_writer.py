"""The writer: what shares a commit, and what happens to a batch that fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError

from berth.ledger.observer import CommitObserver, CommitObservers
from berth.ledger.request_scope import TokenChanged
from berth.ledger.write import batch as batches
from berth.ledger.write import batch_plan
from berth.ledger.write import notes as notes_module
from berth.ledger.write import writer as writers
from berth.ledger.write.decide import decide
from berth.ledger.write.draft import Draft
from berth.ledger.write.pending_command import MOST_BRIEF_PARTS, PendingCommand
from berth.ledger.write.writer import Writer
from berth.logs.request_ids import REQUEST_IDS, logged_as
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import (
    Command,
    CreateProvider,
    CreateToken,
    CreateTrait,
    DeleteTrait,
    PutRecords,
    ReleaseAllocations,
    RevokeToken,
)
from berth.model.errors import AllocationsNotFound, Invalid, TraitsNotFound, Unavailable
from berth.model.record import ProviderRecord
from berth.model.token import Token
from berth.model.validation import validated
from berth.store import audit, head, tables, write_set
from berth.store.backend import LOCK_S, CertificationConflict, Purpose, StaleRead, Unreachable
from berth.store.engine import Database
from berth.store.write_set import WriteSet
from tests.unit.ledger.write.memory_ledger import ABSENT, NEW

ADA = Caller(user="ada")
LOCK, ROWS = (head, "lock"), (write_set, "write")
"""Steps of a transaction."""

TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))


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
    monkeypatch.setattr(batch_plan, "MOST_IN_A_BATCH", 2)
    _run(writer, *_traits(5))
    assert [len(commit) for commit in _recorder(writer).commits] == [2, 2, 1]


CREATE, DELETE = CreateTrait(name="CUSTOM_X"), DeleteTrait(name="CUSTOM_X")


def test_a_command_that_needs_a_batch_of_its_own_keeps_its_turn(writer: Writer) -> None:
    assert _run(writer, CREATE, DELETE, CREATE, DELETE, DELETE) == [True, None, True, None, TraitsNotFound]
    assert [len(commit) for commit in _recorder(writer).commits] == [1, 1, 1, 1, 1]


def test_what_a_batch_has_no_time_for_comes_first_in_the_next(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MOST_S", 0)
    assert _run(writer, *_traits(3)) == [True] * 3
    assert _recorder(writer).commits == [["req-0"], ["req-1"], ["req-2"]]


def test_what_is_queued_while_another_thread_writes_is_left_to_it(writer: Writer) -> None:
    with writer._queue.wait_for_turn():
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


def test_a_command_that_changes_too_much_is_refused_alone(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_COMMAND_BYTES", 300)
    records = tuple(ProviderRecord(name=f"host-{number}") for number in range(9))
    commands = [CREATE, validated(PutRecords(records=records)), CreateTrait(name="CUSTOM_Y")]
    assert _run(writer, *commands) == [True, Invalid, True]
    assert _rows(writer, tables.changes) == 2


def test_a_command_with_a_fault_fails_alone(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole batch is rolled back; then it is carried out in halves."""

    def fail(draft: Draft, command: Any) -> Any:
        if command.name == "CUSTOM_1":
            raise ZeroDivisionError
        return decide(draft, command)

    monkeypatch.setattr(batches, "decide", fail)
    assert _run(writer, *_traits(3)) == [True, ZeroDivisionError, True]
    assert _rows(writer, tables.changes) == 2
    assert [len(commit) for commit in _recorder(writer).commits] == [1, 1]
    assert _recorder(writer).refusals == [ZeroDivisionError]


def _fail_first(
    monkeypatch: pytest.MonkeyPatch, times: int, error: Callable[[], Exception], step: tuple[Any, str] = ROWS
) -> None:
    """Make the first runs of a step of a transaction fail."""
    failed: list[int] = []
    succeed = getattr(*step)

    def run(*arguments: Any) -> Any:
        if len(failed) < times:
            failed.append(1)
            raise error()
        return succeed(*arguments)

    monkeypatch.setattr(*step, run)


@pytest.mark.parametrize("error", [Unavailable, Unreachable])
def test_a_batch_that_cannot_begin_is_tried_again(
    error: type[Unavailable], writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_first(monkeypatch, writers.TRIES - 1, lambda: error("gone"), LOCK)
    assert _run(writer, *_traits(2)) == [True, True]
    assert _recorder(writer).retries == writers.TRIES - 1
    assert [len(commit) for commit in _recorder(writer).commits] == [2]


def test_a_batch_is_given_up(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    _fail_first(monkeypatch, writers.TRIES, lambda: Unreachable("gone"), LOCK)
    assert _run(writer, *_traits(2)) == [Unreachable, Unreachable]
    assert (_rows(writer, tables.changes), writer.fleet.head) == (0, 1)
    assert _run(writer, CREATE) == [True]


def test_a_command_is_tried_again_while_another_writer_interferes(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_first(monkeypatch, writers.TRIES - 1, lambda: StaleRead("not as read"))
    assert _run(writer, CREATE) == [True]
    assert _recorder(writer).retries == writers.TRIES - 1


def test_a_conflict_is_tried_again_for_as_long_as_the_caller_waits(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conflicts are not counted: on a cluster, each of many writers loses often, and none of them may starve."""
    _fail_first(monkeypatch, 5 * writers.TRIES, lambda: CertificationConflict("lost"), LOCK)
    assert _run(writer, *_traits(2)) == [True, True]
    assert _recorder(writer).retries == 5 * writers.TRIES


def test_a_head_that_comes_too_late_carries_out_nothing(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller has been answered by then: what it did not get must not be done after all."""
    lock = head.lock

    def lock_late(*given: Any) -> Any:
        time.sleep(0.2)
        return lock(*given)

    monkeypatch.setattr(head, "lock", lock_late)
    with writer.request("req-1", deadline=time.monotonic() + 0.1):
        late = _queue(writer, CREATE)[0]
    (other,) = _queue(writer, CreateTrait(name="CUSTOM_Y"))
    writer.run_pending()
    assert isinstance(late.exception(0), Unavailable)
    assert other.result(0) is True
    assert _rows(writer, tables.changes) == 1


def test_conflicts_end_at_the_deadline(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> Exception:
        pending.deadline = time.monotonic()  # it was carried out in time, and then its time is over
        return CertificationConflict("lost")

    _fail_first(monkeypatch, 10**9, lost, LOCK)
    answer = _queue(writer, CREATE)[0]
    (pending,) = writer._queue._waiting
    writer.run_pending()
    assert isinstance(answer.exception(0), CertificationConflict)


def test_what_is_too_late_is_not_carried_out(writer: Writer) -> None:
    with writer.request("req-1", deadline=time.monotonic() - 1):
        late = _queue(writer, CREATE)[0]
    (other,) = _queue(writer, CreateTrait(name="CUSTOM_Y"))
    writer.run_pending()
    assert isinstance(late.exception(0), Unavailable)
    assert other.result(0) is True
    assert _rows(writer, tables.changes) == 1


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (Unreachable("lost connection"), Invalid),
        (DBAPIError("INSERT", {}, Exception("too long")), Invalid),
        (Unavailable("took too long"), Unavailable),
        (StaleRead("not as read"), StaleRead),
    ],
)
@pytest.mark.parametrize("bad", range(5))
def test_a_command_that_the_database_refuses_is_refused_alone(
    error: Exception, answer: type[Exception], bad: int, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = write_set.write

    def refuse(connection: Any, rows: WriteSet) -> None:
        if any(row["name"] == f"CUSTOM_{bad}" for row in rows.add_names):
            raise error
        write(connection, rows)

    monkeypatch.setattr(write_set, "write", refuse)
    expected = [True] * 5
    assert _run(writer, *_traits(5)) == [*expected[:bad], answer, *expected[bad + 1 :]]
    assert _rows(writer, tables.changes) == 4


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


# --- Every command has one answer ---


def test_cancelled_commands_leave_the_others_alone(writer: Writer) -> None:
    answers = _queue(writer, *_traits(5))
    assert answers[1].cancel()
    writer.run_pending()
    assert [each.cancelled() or each.result(0) for each in answers] == [True] * 5
    assert _rows(writer, tables.changes) == 4


def test_what_is_being_carried_out_cannot_be_cancelled(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[bool] = []
    write = write_set.write

    def cancel(connection: Any, rows: WriteSet) -> None:
        cancelled.extend(each.cancel() for each in answers)
        write(connection, rows)

    monkeypatch.setattr(write_set, "write", cancel)
    answers = _queue(writer, *_traits(3))
    writer.run_pending()
    assert (cancelled, [each.result(0) for each in answers]) == ([False] * 3, [True] * 3)


STEPS: list[tuple[Any, str]] = [
    (REQUEST_IDS, "set"),
    (head, "lock"),
    (writers, "decide_batch"),
    (write_set, "write"),
    (head, "move"),
    (Writer, "_publish"),
    (PendingCommand, "resolve"),
]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[1])
@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_thread_leaves_its_commands_to_the_next(
    step: tuple[Any, str],
    after: bool,
    interrupt: type[BaseException],
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is lost, and nothing is carried out twice: creating a provider again would be refused."""
    interrupted: list[int] = []
    run = getattr(*step)

    def interrupt_once(*arguments: Any, **named: Any) -> Any:
        if interrupted:
            return run(*arguments, **named)
        interrupted.append(1)
        if after:
            run(*arguments, **named)
        raise interrupt

    if step[0] is REQUEST_IDS:
        monkeypatch.setattr(writers, "REQUEST_IDS", _Interrupted(interrupt_once))
    else:
        monkeypatch.setattr(*step, interrupt_once)
    answers = _queue(writer, CreateProvider(uuid=ABSENT, name="host"), CREATE)
    with logged_as(()), pytest.raises(interrupt):  # right after the ids were noted, it leaves them to later tests
        writer.run_pending()
    writer.run_pending()
    assert (answers[0].result(0).uuid, answers[1].result(0)) == (ABSENT, True)
    assert _rows(writer, tables.changes) == 2


class _Interrupted:
    """The request ids of the logs, the first change of which is interrupted."""

    def __init__(self, change: Callable[..., Any]) -> None:
        self.set = change

    def get(self) -> tuple[str, ...]:
        """Return the present ones."""
        return REQUEST_IDS.get()

    def reset(self, token: Any) -> None:
        """Restore those before."""
        REQUEST_IDS.reset(token)


@pytest.mark.parametrize("committed", [True, False])
def test_a_thread_interrupted_in_the_middle_of_a_commit(committed: bool, writer: Writer) -> None:
    interrupted: list[int] = []

    def interrupt(connection: Any) -> None:
        if not interrupted:
            interrupted.append(1)
            driver = connection.connection.dbapi_connection
            driver.commit() if committed else driver.rollback()
            raise KeyboardInterrupt

    event.listen(writer.database._engine(Purpose.WRITE), "commit", interrupt)
    answers = _queue(writer, CreateProvider(uuid=ABSENT, name="host"), CREATE)
    with pytest.raises(KeyboardInterrupt):
        writer.run_pending()
    writer.run_pending()
    assert (answers[0].result(0).uuid, answers[1].result(0)) == (ABSENT, True)
    assert _rows(writer, tables.changes) == 2


class Failing(CommitObserver):
    """Fails at every event, as with a full disk below the metrics."""

    def committed(self, *_: Any) -> None:
        """See CommitObserver."""
        raise OSError

    refused = committed


def test_an_observer_that_fails_changes_no_answer(writer: Writer) -> None:
    writer.observer = CommitObservers(Failing())
    commands = CREATE, ReleaseAllocations(consumer=NEW), CreateTrait(name="CUSTOM_Y")
    assert _run(writer, *commands) == [True, AllocationsNotFound, True]
    assert _rows(writer, tables.changes) == 2


def test_an_observer_is_called_when_all_have_their_answers(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[bool] = []
    monkeypatch.setattr(Recorder, "committed", lambda *_: answered.extend(each.done() for each in answers))
    answers = _queue(writer, *_traits(3))
    writer.run_pending()
    assert answered == [True] * 3


def test_every_attempt_is_remembered(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is committed, without an answer; the second does not see it, on a node that lags, and conflicts."""
    commits, looks = list[int](), list[int]()
    has = audit.has

    def fail_twice(connection: Any) -> None:
        commits.append(1)
        if len(commits) == 1:
            connection.connection.dbapi_connection.commit()
            raise Unreachable("the network is gone")
        if len(commits) == 2:
            connection.connection.dbapi_connection.rollback()
            raise CertificationConflict("another node was first")

    def lag(*arguments: Any) -> bool:
        looks.append(1)
        return len(looks) > 1 and has(*arguments)

    monkeypatch.setattr(audit, "has", lag)
    event.listen(writer.database._engine(Purpose.WRITE), "commit", fail_twice)
    assert _run(writer, CREATE) == [True], "the trait is new: the answer is that of the first attempt"
    assert (len(commits), _rows(writer, tables.changes)) == (3, 1)


# --- A thread that must neither wait nor take long ---


def test_it_carries_out_what_is_brief(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth.ledger.write.writer.BRIEF_BATCH_S", 10.0)  # however busy the machine is
    answers = _queue(writer, *_traits(3))
    assert writer.run_pending(brief=True) is True
    assert [each.result(0) for each in answers] == [True] * 3


def test_it_leaves_long_commands_to_another(writer: Writer) -> None:
    records = tuple(ProviderRecord(name=f"host-{number}") for number in range(MOST_BRIEF_PARTS + 1))
    first, long, last = _queue(writer, CREATE, validated(PutRecords(records=records)), CreateTrait(name="CUSTOM_Y"))
    assert writer.run_pending(brief=True) is False
    assert (first.done(), long.done(), last.done()) == (True, False, False)
    assert writer.run_pending() is True
    assert long.done()
    assert last.result(0) is True


def test_it_does_not_wait_for_a_file_that_another_has(writer: Writer) -> None:
    (answer,) = _queue(writer, CREATE)
    writer.record_refusal(_refused())
    other = Database(str(writer.database.url))
    with other.writing():
        began = time.monotonic()
        assert writer.run_pending(brief=True) is False
        assert time.monotonic() - began < LOCK_S / 2
        assert not answer.done()
    other.close()
    assert writer.run_pending() is True
    assert answer.result(0) is True
    assert _outcomes(writer) == ["done", "403"]


def test_it_does_not_try_again(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    _fail_first(monkeypatch, 1, lambda: StaleRead("not as read"))
    (answer,) = _queue(writer, CREATE)
    assert writer.run_pending(brief=True) is False
    assert not answer.done()
    writer.run_pending()
    assert answer.result(0) is True


def test_it_does_not_apply_many_changes(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Writer(writer.database)
    monkeypatch.setattr(writers, "MOST_BRIEF_CHANGES", 2)
    _run(other, *_traits(3))
    (answer,) = _queue(writer, CREATE)
    assert writer.run_pending(brief=True) is False
    assert writer.run_pending() is True
    assert answer.result(0) is True


# --- Tokens ---


@pytest.mark.parametrize(("commands", "error"), [([RevokeToken(name="ci")], TokenChanged), ([CREATE], None)])
def test_a_command_whose_token_has_changed_is_not_carried_out(
    commands: list[Command], error: type[Exception] | None, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(writer, CreateToken(token=TOKEN))
    monkeypatch.setattr(batch_plan, "MOST_IN_A_BATCH", 1)
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
    assert len(writer._notes.refusals) == (1 if good else 0)


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
    writer.time.use(lambda: next(times))
    pending = []
    for _ in range(3):
        writer.record_token_use(TOKEN)
        pending.append(dict(writer._notes.uses))
        writer._notes.uses.clear()
    assert pending == [{"t": 100_000_000}, {}, {"t": 160_000_001}]


def test_the_use_of_a_token_is_written_without_a_command(writer: Writer) -> None:
    _run(writer, CreateToken(token=TOKEN))
    writer.time.use(lambda: 100_000_000)
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
    monkeypatch.setattr(notes_module, "MOST_REFUSALS", 2)
    for _ in range(5):
        writer.record_refusal(_refused())
    writer.run_pending()
    writer.record_refusal(_refused())
    writer.run_pending()
    assert _outcomes(writer) == ["403", "403", "left out", "403"]


def test_refused_requests_wait_for_the_database(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """For longer after each failure, and until then no thread tries: commands are carried out all the same."""
    monkeypatch.setattr(notes_module, "FIRST_PAUSE_S", 60)
    writer.record_refusal(_refused())
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", _unreachable)
        writer.run_pending()
        assert not writer.has_pending
    assert _run(writer, CREATE) == [True]
    assert _outcomes(writer) == ["done"]
    writer._notes.hurry()
    writer.run_pending()
    assert _outcomes(writer) == ["done", "403"]


def test_a_command_is_carried_out_although_refused_requests_cannot_be_written(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is queued by another thread in the moment in which the first one fails to write them."""
    answers: list[bool] = []

    def call() -> None:
        answer = _queue(writer, CREATE)[0]
        writer.run_pending()
        answers.append(answer.result(30))

    def fail(*_: object) -> None:
        patch.undo()
        caller.start()
        while not writer._queue.waits():
            time.sleep(0.001)
        time.sleep(0.05)  # it finds this thread at work, and leaves its command to it
        raise Unreachable("gone")

    writer.record_refusal(_refused())
    caller = threading.Thread(target=call)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "append", fail)
        writer.run_pending()
    caller.join(10)
    assert answers == [True]


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
