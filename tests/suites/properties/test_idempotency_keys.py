"""Same key, same answer, one effect: over any interleaving of duplicates, lost connections, crashes and two writers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from hypothesis import event as label
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

import berth
from berth import CandidateRequest, Claim, Group, Inventory
from berth.ledger import Ledger
from berth.ledger.verify import verify
from berth.model.caller import Caller
from berth.model.commands import Allocate, Command, CreateTrait, ReleaseAllocations, SetAllocations
from berth.model.errors import BerthError, Conflict, KeyReused, NotFound, Unavailable
from berth.model.idempotency import command_key
from berth.model.message import message
from berth.store.backend import Purpose, Unreachable
from tests.support.databases import runs_whole
from tests.support.empty_ledgers import EmptyLedgers

HOST, *CONSUMERS = (f"00000000-0000-4000-8000-0000000000c{digit}" for digit in range(4))
ONE = CandidateRequest(groups=(Group(resources={"VCPU": 1}),))
CALLER = Caller(user="ada", project="p")
SHARE_OF_EXAMPLES = 4
"""One example opens several ledgers: a quarter as many of them as elsewhere."""

SHARE_IN_PART = 16
"""The same where it does not run as a whole."""

COMMANDS: tuple[Command, ...] = (
    *(Allocate(request=ONE, consumer=consumer, project="p", user="u") for consumer in CONSUMERS),
    *(ReleaseAllocations(consumer=consumer) for consumer in CONSUMERS),
    SetAllocations(
        claims=(Claim(consumer=CONSUMERS[0], allocations={HOST: {"VCPU": 2}}, project="p", user="u", generation=None),)
    ),
    CreateTrait(name="CUSTOM_NEW"),
)
"""Two VCPU are all there is, so that each of them is done or refused depending on those before it."""


class KilledError(BaseException):
    """The process has been killed."""


class Process:
    """A ledger as a process has it, with its connections, and the commands whose senders wait for an answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._open()

    def _open(self) -> None:
        self.ledger: Ledger = berth.open(self.url)
        self.waiting: list[tuple[str, Command, Future[Any]]] = []
        self.fault: Callable[[Any], None] | None = None
        event.listen(self.ledger._writer.database._engine(Purpose.WRITE), "commit", self._commit)

    def send(self, key: str, command: Command) -> None:
        keyed = command_key(key, CALLER, type(command).__name__, message(command)) if key else None
        self.waiting.append((key, command, self.ledger.queue(command, CALLER, f"request-{key}", key=keyed)))

    def work(self, fault: str) -> list[tuple[str, Command, Future[Any]]]:
        """Carry out what is queued, with a fault at the commit, if there is one. Return what was answered."""
        self.fault = FAULTS[fault]
        try:
            self.ledger.work()
        except KilledError:
            self.ledger._writer.database.close()
            self._open()
        answered, self.waiting = self.waiting, []
        return [each for each in answered if each[2].done()]

    def _commit(self, connection: Any) -> None:
        fault, self.fault = self.fault, None
        if fault is not None:
            fault(connection)


def _fault(error: BaseException, *, after: bool) -> Callable[[Any], None]:
    def fail(connection: Any) -> None:
        raw = connection.connection.dbapi_connection
        raw.commit() if after else raw.rollback()
        connection.invalidate()
        raise error

    return fail


FAULTS: dict[str, Callable[[Any], None] | None] = {
    "none": None,
    "lost before the commit": _fault(Unreachable("the network is gone"), after=False),
    "lost after the commit": _fault(Unreachable("the network is gone"), after=True),
    "killed before the commit": _fault(KilledError(), after=False),
    "killed after the commit": _fault(KilledError(), after=True),
}

OWN: Final = None
"""Instead of a command: the one that the key was made for."""

keys, writers, commands = st.sampled_from("abc"), st.integers(0, 1), st.sampled_from(COMMANDS)
own = st.tuples(st.just("send"), writers, keys, st.just(OWN))
reused = st.tuples(st.just("send"), writers, keys, commands)
without_key = st.tuples(st.just("send"), writers, st.just(""), commands)
works = st.tuples(st.just("work"), writers, st.just("none"), st.just(OWN))
faulty = st.tuples(st.just("work"), writers, st.sampled_from(tuple(FAULTS)), st.just(OWN))
steps = st.lists(st.one_of(own, own, own, without_key, reused, works, works, faulty), min_size=10, max_size=40)
Step = tuple[str, int, str, Command | None]


class Answers:
    """All answers by key and command; each must be the same each time."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Command, str]] = {}

    def add(self, key: str, command: Command, answer: Future[Any]) -> None:
        error = answer.exception(0)
        assert error is None or isinstance(error, BerthError), error
        if not key or isinstance(error, Unavailable):
            return
        if isinstance(error, KeyReused):
            assert key not in self.kept or self.kept[key][0] != command
            return
        assert error is None or isinstance(error, Conflict | NotFound)
        text = repr(answer.result(0)) if error is None else f"{error!r} {vars(error)}"
        label(type(command).__name__, type(error).__name__)
        assert self.kept.setdefault(key, (command, text)) == (command, text)


def play(url: str, made_for: Sequence[Command], given_steps: Sequence[Step]) -> None:
    processes = [Process(url), Process(url)]
    processes[0].ledger.create_provider("host", uuid=HOST)
    processes[0].ledger.set_inventories(HOST, {"VCPU": Inventory(total=2)})
    answers = Answers()
    try:
        for verb, number, what, command in given_steps:
            process = processes[number]
            if verb == "send":
                process.send(what, command or made_for["abc".index(what)])
            else:
                for each in process.work(what):
                    answers.add(*each)
        for key, (command, _) in tuple(answers.kept.items()):
            for process in processes:
                process.send(key, command)
        for process in (*processes, *processes):
            for each in process.work("none"):
                answers.add(*each)
        check(processes[0].ledger, answers)
    finally:
        for process in processes:
            process.ledger.close()


def check(ledger: Ledger, answers: Answers) -> None:
    """Check that each key had one effect at most, and exactly one if that is what its sender was answered."""
    changes = [change.request for change in ledger.changes(most=1000)]
    records = [record.request for record in ledger.audit(most=1000)]
    for key in "abc":
        assert changes.count(f"request-{key}") == records.count(f"request-{key}") <= 1
    for key, (command, text) in answers.kept.items():
        done = not text.endswith("}") and not isinstance(command, CreateTrait | Allocate)  # these may change nothing
        assert changes.count(f"request-{key}") >= int(done), (key, command, text)
    assert verify(ledger._writer.database).findings == ()


def test_one_effect_and_one_answer(database_kind: str, ledgers: EmptyLedgers) -> None:
    examples = max(1, settings().max_examples // (SHARE_OF_EXAMPLES if runs_whole(database_kind) else SHARE_IN_PART))

    @settings(max_examples=examples)
    @given(st.tuples(commands, commands, commands), steps)
    def holds(made_for: Sequence[Command], given_steps: Sequence[Step]) -> None:
        play(ledgers.new(), made_for, given_steps)

    holds()
