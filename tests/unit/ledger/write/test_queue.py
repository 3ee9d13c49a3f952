"""The queue of commands: every interleaving of two and three threads, on the real class."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence

import pytest

from berth.ledger.write.batch import Batch
from berth.ledger.write.pending_command import PendingCommand
from berth.ledger.write.queue import CommandQueue
from berth.ledger.write.shortlist import Shortlist
from berth.model.caller import Caller
from berth.model.commands import Allocate, Command, CreateTrait, DeleteTrait
from berth.model.request import CandidateRequest
from tests.support.databases import is_long
from tests.unit.ledger.write.interleavings import Explored, explore, pause

COMMANDS: dict[str, Callable[[str], Command]] = {
    "alone": lambda name: DeleteTrait(name=name),
    "searched": lambda name: Allocate(request=CandidateRequest(groups=()), consumer=name, project="p", user="u"),
}
"""The commands of some of SCRIPTS; the others have any."""


def _pending(name: str, script: str) -> PendingCommand:
    command = COMMANDS.get(script, lambda name: CreateTrait(name=name))(name)
    pending = PendingCommand(command, Caller(), f"req-{name}")
    if script == "searched":
        pending.shortlist, pending.searches = Shortlist(None, 0), 1
    return pending


class SteppedQueue(CommandQueue):
    """The queue, which lets another thread go on before each of its steps."""

    def add(self, pending: PendingCommand) -> None:
        """See CommandQueue."""
        pause("add")
        super().add(pending)

    def waits(self) -> bool:
        """See CommandQueue."""
        pause("waits")
        return super().waits()

    def acquire(self) -> bool:
        """See CommandQueue."""
        pause("acquire")
        return super().acquire()

    def release(self) -> None:
        """See CommandQueue."""
        pause("release")
        super().release()

    def next_batch(self, brief: bool = False) -> Batch:
        """See CommandQueue."""
        pause("next batch")
        return super().next_batch(brief)

    def take_unsearched(self) -> list[PendingCommand]:
        """See CommandQueue."""
        pause("take unsearched")
        return super().take_unsearched()

    def add_searched(self, searched: Sequence[PendingCommand]) -> None:
        """See CommandQueue."""
        pause("add searched")
        super().add_searched(searched)

    def put_back(self, pending: Sequence[PendingCommand]) -> None:
        """See CommandQueue."""
        pause("put back")
        super().put_back(pending)


class SteppedDeque(deque[PendingCommand]):
    """A deque, which lets another thread go on before anything is removed from it."""

    def popleft(self) -> PendingCommand:
        """See deque."""
        pause("popleft")
        return super().popleft()

    def remove(self, value: PendingCommand, /) -> None:
        """See deque."""
        pause("remove")
        super().remove(value)


class FinelySteppedQueue(SteppedQueue):
    """The queue, which lets another thread go on within its steps as well."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting, self._unsearched = SteppedDeque(), SteppedDeque()


class LosingQueue(SteppedQueue):
    """The queue as it was: a thread that has other work to do, and cannot, leaves without a look at the queue."""

    def work(
        self,
        carry_out: Callable[[Batch], bool],
        search: Callable[[list[PendingCommand]], None],  # noqa: ARG002
        brief: bool = False,  # noqa: ARG002
    ) -> bool:
        """See CommandQueue; the fault is the first `return`."""
        while self.waits() and self.acquire():
            try:
                while batch := self.next_batch():
                    carry_out(batch)
                return True
            finally:
                self.release()
        return True


class ForgetfulQueue(SteppedQueue):
    """A queue that any number of threads may carry out."""

    def acquire(self) -> bool:
        """See CommandQueue."""
        pause("acquire")
        return True

    def release(self) -> None:
        """See CommandQueue."""
        pause("release")


SCRIPTS = ("plain", "alone", "deferred", "searched", "cancelled", "interrupted")
"""How the threads of `Callers` behave."""


class Callers:
    """Threads that queue commands and carry them out, or have them carried out. script: one of SCRIPTS."""

    def __init__(self, kind: type[CommandQueue], names: Sequence[str], script: str) -> None:
        self.queue, self.script = kind(), script
        self.pending = {name: _pending(name, script) for name in names}
        self.carried_out: list[str] = []
        self.put_back: set[str] = set()
        self.at_work = 0
        self.two_at_work = self.interrupted = False

    def threads(self) -> list[Callable[[], None]]:
        """Return one thread for each command."""
        return [lambda each=each: self._call(each) for each in self.pending.values()]  # type: ignore[misc]

    def _call(self, pending: PendingCommand) -> None:
        self.queue.add(pending)
        try:
            self.queue.work(self._carry_out, self._search)
        except KeyboardInterrupt:
            self.queue.work(self._carry_out, self._search)  # another caller that looks whether any thread is at work
        finally:
            if self.script == "cancelled":
                pending.answer.cancel()

    def _carry_out(self, batch: Batch) -> bool:
        self.at_work += 1
        self.two_at_work |= self.at_work > 1
        pause("carry out")
        deferred = self._deferred(batch)
        for each in batch.pending:
            if each not in deferred:
                self.carried_out.append(each.request)
        self.at_work -= 1
        if self.script == "interrupted" and not self.interrupted:
            self.interrupted = True
            self.carried_out.clear()  # the transaction was rolled back
            raise KeyboardInterrupt
        self.queue.put_back(deferred)
        for each in batch.pending:
            if each not in deferred:
                pause("settle")
                each.resolve()
        return True

    def _search(self, unsearched: list[PendingCommand]) -> None:
        for each in unsearched:
            pause("search")
            each.shortlist, each.searches = Shortlist(None, 0), 2

    def _deferred(self, batch: Batch) -> list[PendingCommand]:
        if self.script not in ("deferred", "searched"):
            return []
        first = [each for each in batch.pending if each.request not in self.put_back][:1]
        self.put_back.update(each.request for each in first)
        for each in first:
            each.shortlist = None
        return first

    def state(self) -> Hashable:
        """See World."""
        return (
            tuple(each.request for each in self.queue._waiting),
            tuple(each.request for each in self.queue._unsearched),
            tuple(each.request for each in self.queue._in_hand.pending),
            self.queue._at_work.locked(),
            tuple((each.answer._state, each.searches, each.needs_search) for each in self.pending.values()),
            tuple(self.carried_out),
            frozenset(self.put_back),
            self.at_work,
            self.interrupted,
        )

    def findings(self) -> list[str]:
        """See World."""
        found = [f"{name} has no answer" for name, each in self.pending.items() if not each.answer.done()]
        twice = {each for each in self.carried_out if self.carried_out.count(each) > 1}
        found += [f"{each} was carried out twice" for each in sorted(twice)]
        found += ["two threads were at work"] * self.two_at_work
        return found + ["the right to work was not given up"] * self.queue._at_work.locked()


def _explored(kind: type[CommandQueue], threads: int, script: str) -> Explored:
    return explore(lambda: Callers(kind, "abc"[:threads], script))


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("threads", [2, 3])
def test_no_command_is_lost_or_carried_out_twice(threads: int, script: str) -> None:
    if threads == 3 and script != "plain" and not is_long():
        pytest.skip("minutes: in the long form")
    explored = _explored(SteppedQueue, threads, script)
    assert explored.findings == {}
    assert explored.states > 100


@pytest.mark.parametrize("script", SCRIPTS)
def test_none_is_lost_either_while_steps_overlap(script: str) -> None:
    """A thread that has searched puts its command before the one that the thread at work has just looked at."""
    assert _explored(FinelySteppedQueue, 2, script).findings == {}


def test_a_cancelled_command_may_be_met_twice() -> None:
    """As after an interruption between looking at it and removing it."""
    pending = _pending("a", "plain")
    pending.answer.cancel()
    assert (pending.start(), pending.start()) == (False, False)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_explorer_finds_a_lost_wake_up(threads: int) -> None:
    findings = _explored(LosingQueue, threads, "plain").findings
    assert findings
    assert set(findings) <= {f"{name} has no answer" for name in "abc"}


def test_the_explorer_finds_what_is_carried_out_twice() -> None:
    findings = _explored(ForgetfulQueue, 2, "plain").findings
    assert "req-a was carried out twice" in findings
