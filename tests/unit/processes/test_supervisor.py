"""Children that end, or do not, in every moment: which are started, and which are ended."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import pytest

from berth.processes import supervisor
from berth.processes.child import UNSTARTABLE, Child
from berth.processes.supervisor import YOUNG_S, CannotStart, Place, Supervisor
from tests.support.deadline import until

KILLED = -signal.SIGKILL


class SentSignals:
    """Signals as a supervisor reads them, sent by a test."""

    def __init__(self) -> None:
        self._receiving, self._sending = os.pipe()
        os.set_blocking(self._receiving, False)

    def fileno(self) -> int:
        return self._receiving

    def read(self) -> frozenset[int]:
        try:
            return frozenset(os.read(self._receiving, 100))
        except BlockingIOError:
            return frozenset()

    def send(self, *numbers: int) -> None:
        os.write(self._sending, bytes(numbers))


class PlayedChild(Child):
    """A child without a process: a test says what becomes of it. obeys: whether it ends when it is asked to."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__()
        self.name, self.pid, self.obeys = name, number, True
        self.asked = self.killed = False
        self._status: int | None = None
        receiving, self._sending = os.pipe()
        self.news = Connection(receiving, writable=False)

    def report(self) -> None:
        os.write(self._sending, b"1")

    def exit(self, status: int) -> None:
        if self._status is None:
            self._status = status
            os.close(self._sending)

    def end(self) -> None:
        self.asked = True
        if self.obeys:
            self.exit(0)

    def kill(self) -> None:
        self.killed = True
        self.exit(KILLED)

    def wait(self) -> int:
        self.news.close()
        assert self._status is not None
        return self._status


class Played:
    """A supervisor of some places, in a thread. children: all that it has started."""

    def __init__(self, places: int) -> None:
        self.children: list[PlayedChild] = []
        self.signals, self.error = SentSignals(), None
        self.failures: list[Exception] = []
        self.places = [Place(self._starts(f"worker {number + 1}")) for number in range(places)]
        self.ready = 0
        self._supervisor = Supervisor(self.signals, self.places, self._count)  # type: ignore[arg-type]  # reads the same
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.refuses: list[OSError] = []

    def _starts(self, name: str) -> Callable[[], Child]:
        def start() -> Child:
            if self.refuses:
                raise self.refuses.pop()
            self.children.append(PlayedChild(name, len(self.children)))
            return self.children[-1]

        return start

    def _count(self) -> None:
        self.ready += 1

    def _run(self) -> None:
        try:
            self._supervisor.run()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.failures.append(error)

    def begin(self) -> None:
        self._thread.start()
        self.started(len(self.places))

    def started(self, count: int) -> PlayedChild:
        """Wait until this many have been started in all, and return the last one."""
        until(lambda: len(self.children) >= count, f"{len(self.children)} instead of {count}", limit_s=5)
        assert len(self.children) == count
        return self.children[-1]

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.children]

    def finish(self) -> None:
        """Wait until the supervisor has returned."""
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Played]]:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.01)
    all_played: list[Played] = []

    def begin(places: int) -> Played:
        all_played.append(Played(places))
        all_played[-1].begin()
        return all_played[-1]

    yield begin
    for played in all_played:
        played.signals.send(signal.SIGTERM)
        played.finish()


Play = Callable[[int], Played]


@pytest.mark.parametrize("sent", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGHUP, signal.SIGTERM] * 1000])
def test_a_signal_ends_all(play: Play, sent: list[int]) -> None:
    played = play(3)
    played.signals.send(*sent)
    played.finish()
    assert [each.asked for each in played.children] == [True] * 3
    assert played.failures == []


def test_it_says_once_that_every_place_was_ready(play: Play) -> None:
    played = play(2)
    first, second = played.children
    first.report()
    first.exit(KILLED)
    third = played.started(3)
    assert played.ready == 0
    second.report()
    until(lambda: played.ready == 1, "the second place was the last", limit_s=5)
    third.report()
    second.exit(KILLED)
    played.started(4).report()
    played.signals.send(signal.SIGTERM)
    played.finish()
    assert played.ready == 1


def test_one_that_is_killed_young_again_and_again(play: Play) -> None:
    played = play(2)
    for count in range(3, 8):
        played.children[-1].exit(KILLED)
        played.started(count)
    assert played.names == ["worker 1", "worker 2"] + ["worker 2"] * 5
    assert not played.children[0].asked


def test_pauses_grow_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    place = Place(lambda: PlayedChild("worker 1", 1))
    pauses = []
    for _ in range(8):
        place.start_one()
        assert place.process is not None
        place.replace(place.process)
        pauses.append(round((place.due or 0) - 1000.0, 3))
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    place.start_one()
    assert place.process is not None
    place.process.born = 1000.0 - YOUNG_S
    place.replace(place.process)
    assert (place.due, place.young) == (1000.0, 0)


def test_one_that_cannot_start_ends_all(play: Play) -> None:
    played = play(2)
    played.children[0].exit(UNSTARTABLE)
    played.finish()
    assert played.children[1].asked
    assert [(type(each), str(each)) for each in played.failures] == [
        (CannotStart, "worker 1 cannot start: the log says why")
    ]


def test_a_system_that_refuses_a_process(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_S", 0.01)
    played = play(1)
    played.refuses += [BlockingIOError("too many")] * 2
    played.children[0].exit(KILLED)
    played.started(2)
    assert played.refuses == []


def test_a_reload_replaces_one_after_another_and_each_when_its_successor_is_ready(play: Play) -> None:
    played = play(2)
    played.signals.send(signal.SIGHUP)
    first = played.started(3)
    assert not played.children[0].asked
    first.report()
    second = played.started(4)
    assert [each.asked for each in played.children] == [True, False, False, False]
    second.report()
    until(lambda: played.children[1].asked)
    assert played.names == ["worker 1", "worker 2"] * 2
    first.exit(KILLED)  # they are in the places now
    played.started(5)


def test_a_reload_that_cannot_start_leaves_what_is_there(play: Play) -> None:
    played = play(2)
    played.signals.send(signal.SIGHUP)
    played.started(3).exit(UNSTARTABLE)
    played.signals.send(signal.SIGHUP)  # and the next one is tried
    played.started(4).report()
    until(lambda: played.children[0].asked)
    assert not played.children[1].asked
    assert played.failures == []


def test_a_successor_that_is_killed_is_started_again(play: Play) -> None:
    played = play(1)
    played.signals.send(signal.SIGHUP)
    played.started(2).exit(KILLED)
    last = played.started(3)
    assert not played.children[0].asked
    last.report()
    until(lambda: played.children[0].asked)


def test_one_that_dies_while_its_successor_starts(play: Play) -> None:
    played = play(2)
    played.signals.send(signal.SIGHUP)
    played.started(3)
    played.children[0].exit(KILLED)
    last = played.started(4)  # of the other place: the reload goes on
    assert last.name == "worker 2"
    assert not played.children[2].asked


@pytest.mark.parametrize("ready", [True, False])
def test_a_signal_during_a_reload_ends_both(play: Play, ready: bool) -> None:
    played = play(1)
    played.children[0].obeys = not ready  # the one from before still finishes its requests
    played.signals.send(signal.SIGHUP)
    successor = played.started(2)
    if ready:
        successor.report()
        until(lambda: played.children[0].asked)
    played.signals.send(signal.SIGTERM)
    until(lambda: successor.asked)
    played.children[0].exit(0)
    played.finish()


def test_a_signal_while_none_runs(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 60.0)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_S", 60.0)
    played = play(1)
    played.children[0].exit(KILLED)
    until(lambda: played.places[0].due is not None)
    played.signals.send(signal.SIGTERM)
    played.finish()


def test_one_that_does_not_end_is_killed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LAST_S", 0.05)
    played = play(2)
    played.children[0].obeys = False
    played.signals.send(signal.SIGTERM)
    played.finish()
    assert [each.killed for each in played.children] == [True, False]
