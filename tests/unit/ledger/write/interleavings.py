"""Every way in which threads can take turns, step by step: a small explorer, on the real code.

A thread is a function that calls `pause` before each of its steps. The explorer runs all threads as greenlets, one
step at a time, and tries every choice of which goes on next. Two ways that lead to the same state have the same
continuations, so that only one of them is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from greenlet import getcurrent, greenlet


class World(Protocol):
    """What the threads of one run share."""

    def threads(self) -> Sequence[Callable[[], Any]]:
        """Return what each thread does."""

    def state(self) -> Hashable:
        """Return all that decides how the run goes on, but where each thread is."""

    def findings(self) -> list[str]:
        """Return what is wrong, now that all threads have ended."""


class _Thread(greenlet):
    """A thread of a world. stopped: whether it shall end, without any more pauses."""

    stopped = False


def pause(step: str) -> None:
    """Let another thread go on before this step."""
    thread = getcurrent()
    if isinstance(thread, _Thread) and not thread.stopped:
        assert thread.parent is not None
        thread.parent.switch(step)


@dataclass
class Explored:
    """What was found. states: how many different ones there are; findings: each with the turns that lead to it."""

    states: int = 0
    ends: int = 0
    findings: dict[str, tuple[int, ...]] = field(default_factory=dict)


def explore(new_world: Callable[[], World]) -> Explored:
    """Follow every way in which the threads of a world can take turns. All threads do the same.

    So it does not matter which of them takes the first step, or the first after that: it is always the next one.
    """
    explored, seen, ways = Explored(), set[Hashable](), [tuple[int, ...]()]
    while ways:
        run = _Run(new_world, ways.pop())
        while (state := run.state()) not in seen:
            seen.add(state)
            turns = run.possible_turns()
            if not turns:
                explored.ends += 1
                for finding in run.world.findings():
                    explored.findings.setdefault(finding, tuple(run.turns))
                break
            ways += [(*run.turns, turn) for turn in turns[1:]]
            run.step(turns[0])
        run.stop()
    explored.states = len(seen)
    return explored


class _Run:
    """One run: the threads of a world, each before one of its steps."""

    def __init__(self, new_world: Callable[[], World], turns: Sequence[int]) -> None:
        self.world = new_world()
        self.turns: list[int] = []
        self._threads = [_Thread(each) for each in self.world.threads()]
        self._places = [each.switch() for each in self._threads]
        for turn in turns:
            self.step(turn)

    def state(self) -> Hashable:
        """Return all that decides how the run goes on."""
        return tuple(self._places), self.world.state()

    def step(self, turn: int) -> None:
        """Let one thread go on until its next step."""
        reached = self._threads[turn].switch()
        self._places[turn] = "ended" if self._threads[turn].dead else reached
        self.turns.append(turn)

    def possible_turns(self) -> list[int]:
        """Return the threads that can go on: of those that have not begun only the first."""
        begun = len(set(self.turns))
        return [number for number, each in enumerate(self._threads) if number <= begun and not each.dead]

    def stop(self) -> None:
        """End all threads."""
        for each in self._threads:
            each.stopped = True
            each.throw()
