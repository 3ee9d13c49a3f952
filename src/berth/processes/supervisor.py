"""The supervisor: keeps child processes running, replaces them at a reload, and ends them."""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Final

from berth.processes.child import LAST_S, UNSTARTABLE, Child
from berth.processes.signals import ENDING, SignalPipe

YOUNG_S: Final = 10.0
"""A process that ends before this age is started again after a pause, which doubles each time."""

FIRST_PAUSE_S: Final = 0.1

LONGEST_PAUSE_S: Final = 5.0

_LOG = logging.getLogger("berth")


class CannotStart(Exception):
    """A child process cannot start, and has logged why."""


@dataclass(slots=True, eq=False)
class Place:
    """The place of a process that shall always run.

    start: starts one. reloads: whether it is replaced at a reload. process: the one in its place; successor: the one
    that replaces it when ready. due: when to start one, monotonic; None if none is missing.
    young: how many have ended young, one after another.
    """

    start: Callable[[], Child]
    reloads: bool = True
    process: Child | None = None
    successor: Child | None = None
    due: float | None = 0.0
    young: int = 0

    def children(self) -> list[Child]:
        """Return the processes of this place."""
        return [each for each in (self.process, self.successor) if each is not None]

    def start_one(self) -> None:
        """Start the process that is missing, or the successor of the one that is there. Raise OSError."""
        started, self.due = self.start(), None
        if self.process is None:
            self.process = started
        else:
            self.successor = started

    def replace(self, child: Child) -> None:
        """Replace a process that has ended: by its successor, or by one that is started after a pause."""
        pause_s = self._pause_s(child)
        if child is self.process and self.successor is not None:
            self.process, self.successor = self.successor, None
            return
        if child is self.process:
            self.process = None
        else:
            self.successor = None
        self.due = time.monotonic() + pause_s

    def _pause_s(self, child: Child) -> float:
        if time.monotonic() - child.born >= YOUNG_S:
            self.young = 0
            return 0.0
        self.young += 1
        return float(min(FIRST_PAUSE_S * 2 ** (self.young - 1), LONGEST_PAUSE_S))


class Supervisor:
    """Supervises the processes of some places in one thread, which waits for signals and for their ends.

    SIGTERM and SIGINT end them, SIGHUP replaces them one after another. on_ready: called once, when there was a ready
    process in each place.
    """

    def __init__(
        self, signals: SignalPipe, places: Iterable[Place], on_ready: Callable[[], None] = lambda: None
    ) -> None:
        self._signals, self._places = signals, [*places]
        self._on_ready, self._unready = on_ready, {*self._places}
        self._to_reload: deque[Place] = deque()
        self._leaving: dict[Child, float] = {}
        self._ending = False
        self._failure: str | None = None

    def run(self) -> None:
        """Keep them running until a signal; return when all have ended. Raise CannotStart if one cannot start."""
        try:
            while not self._ending or self._leaving:
                self._reload()
                self._start()
                self._wait()
                self._obey(self._signals.read())
                self._kill()
        finally:
            for child in self._children():  # none, unless this method fails
                child.kill()
        if self._failure is not None:
            raise CannotStart(self._failure)

    def _children(self) -> list[Child]:
        return [*self._leaving, *(child for place in self._places for child in place.children())]

    def _wait(self) -> None:
        """Wait for signals, for news of a process, or for the next moment at which something is due."""
        news = {child.news.fileno(): child for child in self._children()}
        readable = wait([self._signals.fileno(), *news], self._timeout_s())
        for child in [child for source, child in news.items() if source in readable]:
            self._hear(child)

    def _timeout_s(self) -> float | None:
        due = [place.due for place in self._places if place.due is not None]
        moments = [*self._leaving.values(), *due]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _obey(self, received: frozenset[int]) -> None:
        if received.intersection(ENDING):
            self._end()
        elif signal.SIGHUP in received and not self._ending:
            self._to_reload = deque(place for place in self._places if place.reloads)

    def _reload(self) -> None:
        """Begin to replace the next process, unless one is being replaced or missing."""
        if self._to_reload and not any(place.successor or place.due is not None for place in self._places):
            self._to_reload.popleft().due = time.monotonic()

    def _start(self) -> None:
        """Start the processes that are due."""
        for place in self._places:
            if place.due is not None and place.due <= time.monotonic():
                try:
                    place.start_one()
                except OSError as error:  # too many processes, or too little memory
                    _LOG.error("a process cannot be started: %s", error)
                    place.due = time.monotonic() + LONGEST_PAUSE_S

    def _kill(self) -> None:
        """Kill the processes that have had enough time to end."""
        now = time.monotonic()
        for child, last in self._leaving.items():
            if last <= now:
                _LOG.warning("%s (process %d) did not end within %g s: killed", child.name, child.pid, LAST_S)
                child.kill()
                self._leaving[child] = now + LAST_S

    def _hear(self, child: Child) -> None:
        """Handle what a process reports: that it is ready, or its end."""
        if child.is_ready():
            self._replace_by(child)
            return
        status = child.wait()
        if self._leaving.pop(child, None) is None:
            (place,) = (each for each in self._places if child in each.children())
            self._replace(place, child, status)

    def _replace(self, place: Place, child: Child, status: int) -> None:
        """Replace a process that has ended although it should not."""
        if status != UNSTARTABLE:
            _LOG.error("%s (process %d) ended unexpectedly, %s", child.name, child.pid, _shown(status))
            place.replace(child)
        elif child is place.successor:
            _LOG.error("%s cannot start after the reload: the old processes keep running", child.name)
            place.successor = None
            self._to_reload.clear()
        else:
            self._failure = f"{child.name} cannot start: the log says why"
            place.process = None
            self._end()

    def _replace_by(self, child: Child) -> None:
        """Let a successor that is ready take its place. Call `on_ready` if every place has had one that was ready."""
        if self._unready:
            self._unready -= {place for place in self._places if child in place.children()}
            if not self._unready:
                self._on_ready()
        for place in self._places:
            if place.successor is child:
                assert place.process is not None
                self._leave(place.process)
                place.process, place.successor = child, None

    def _leave(self, child: Child) -> None:
        child.end()
        self._leaving[child] = time.monotonic() + LAST_S

    def _end(self) -> None:
        """End every process."""
        self._ending = True
        self._to_reload.clear()
        for place in self._places:
            for child in place.children():
                self._leave(child)
            place.process = place.successor = place.due = None


def _shown(status: int) -> str:
    return f"by signal {-status}" if status < 0 else f"with status {status}"
