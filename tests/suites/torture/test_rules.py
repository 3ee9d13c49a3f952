"""The checker detects each broken rule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.suites.torture.history import Event, Final
from tests.suites.torture.rules import broken_rules

ONE, TWO = {"host": {"VCPU": 1}}, {"host": {"VCPU": 2}}


def at(time: float, consumer: str, operation: Any, held: Any, outcome: Any, lasts: float = 0.5) -> Event:
    return Event(time, time + lasts, "client", consumer, operation, held, outcome)


def find_claim(time: float, consumer: str, amount: int, outcome: Any, got: Any = None, lasts: float = 0.5) -> Event:
    """Return a claim of this amount, at host or at home."""
    ways = tuple({place: {"VCPU": amount}} for place in ("host", "home"))
    return Event(time, time + lasts, "client", consumer, "find", got or {}, outcome, ways=ways)


def end(held: Any, used: int, capacity: int = 2) -> Final:
    return Final(held, {"host": {"VCPU": used}}, {"host": {"VCPU": capacity}})


CASES: dict[str, tuple[list[Event], Final, str | None]] = {
    "all is well": ([at(0, "a", "write", ONE, "done"), at(1, "a", "read", ONE, "done")], end({"a": ONE}, 1), None),
    "lost": ([at(0, "a", "write", ONE, "done")], end({}, 0), "was promised"),
    "released": ([at(0, "a", "write", ONE, "done"), at(1, "a", "write", {}, "done")], end({}, 0), None),
    "not released": (
        [at(0, "a", "write", ONE, "done"), at(1, "a", "write", {}, "done")],
        end({"a": ONE}, 1),
        "promised",
    ),
    "unknown and there": ([at(0, "a", "write", ONE, "unknown")], end({"a": ONE}, 1), None),
    "unknown and not there": ([at(0, "a", "write", ONE, "unknown")], end({}, 0), None),
    "refused and there": ([at(0, "a", "write", ONE, "refused")], end({"a": ONE}, 1, 1), "promised"),
    "in part": ([at(0, "a", "write", {**ONE, "disk": {"GB": 1}}, "done")], end({"a": ONE}, 1), "promised"),
    "of another": ([], end({"b": ONE}, 1), "promised"),
    "late read": (
        [at(0, "a", "write", ONE, "done"), at(1, "a", "write", TWO, "done"), at(2, "a", "read", ONE, "done")],
        end({"a": TWO}, 2),
        "reads",
    ),
    "oversold": (
        [at(0, "a", "write", ONE, "done"), at(0, "b", "write", TWO, "done")],
        end({"a": ONE, "b": TWO}, 3),
        "over",
    ),
    "wrong sum": ([at(0, "a", "write", ONE, "done")], end({"a": ONE}, 2), "said to be used"),
    "applied twice": ([at(0, "a", "write", ONE, "stale")], end({}, 0), "generation"),
    "stale after unknown": ([at(0, "a", "write", ONE, "unknown"), at(1, "a", "write", ONE, "stale")], end({}, 0), None),
    "refused with room": ([at(0, "a", "write", TWO, "refused")], end({}, 0), "room"),
    "refused without": (
        [at(0, "a", "write", ONE, "done"), at(1, "b", "write", TWO, "refused")],
        end({"a": ONE}, 1),
        None,
    ),
    "refused during": ([at(0, "a", "write", ONE, "unknown", 9), at(1, "b", "write", TWO, "refused")], end({}, 0), None),
    "refused after release": (
        [at(0, "a", "write", ONE, "done"), at(1, "a", "write", {}, "done"), at(2, "b", "write", TWO, "refused")],
        end({}, 0),
        "room",
    ),
    "found": ([find_claim(0, "a", 1, "done", ONE), at(1, "a", "read", ONE, "done")], end({"a": ONE}, 1), None),
    "found and lost": ([find_claim(0, "a", 1, "done", ONE)], end({}, 0), "was promised"),
    "found less": ([find_claim(0, "a", 2, "done", ONE)], end({"a": ONE}, 1), "not what was asked for"),
    "found elsewhere": ([find_claim(0, "a", 1, "done", {"away": {"VCPU": 1}})], end({}, 0), "not what was asked for"),
    "perhaps found": ([find_claim(0, "a", 1, "unknown")], end({"a": ONE}, 1), None),
    "perhaps found, not there": ([find_claim(0, "a", 1, "unknown")], end({}, 0), None),
    "perhaps found, of another size": ([find_claim(0, "a", 2, "unknown")], end({"a": ONE}, 1), "promised"),
    "nothing found": ([at(0, "a", "write", ONE, "done"), find_claim(1, "b", 2, "refused")], end({"a": ONE}, 1), None),
    "nothing found with room": ([find_claim(0, "b", 2, "refused")], end({}, 0), "room"),
    "nothing found, as another may have it": (
        [find_claim(0, "a", 1, "unknown", lasts=9), find_claim(1, "b", 2, "refused")],
        end({}, 0),
        None,
    ),
    "let in": ([at(0, "a", "knock", {}, "wrong")], end({}, 0), "may not be"),
    "not let in": ([at(0, "a", "write", ONE, "done"), at(1, "a", "knock", {}, "done")], end({"a": ONE}, 1), None),
    "a 500": ([at(0, "a", "write", ONE, "wrong")], end({}, 0), "may not be"),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str) -> None:
    events, final, expected = CASES[name]
    found = broken_rules(events, final)
    assert (found == []) if expected is None else any(expected in one for one in found), found
