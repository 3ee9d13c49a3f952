"""Regular expressions as automata: whether a text can be matched in exponentially many ways (CWE-1333).

A pattern is exponential if its automaton has a state that reaches itself by two ways on one text (Weber and Seidl, On
the degree of ambiguity of finite automata, 1991).
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

_PARSER: Final[Any] = importlib.import_module("re._parser")
_ALPHABET: Final = (*(chr(code) for code in range(128)), "é", "中")
"""ASCII, and one letter for each kind of what is not."""
_ALL: Final = frozenset(_ALPHABET)
_CLASSES: Final = {
    "CATEGORY_DIGIT": frozenset("0123456789"),
    "CATEGORY_SPACE": frozenset(" \t\n\r\f\v"),
    "CATEGORY_WORD": frozenset(char for char in _ALPHABET if char.isalnum() or char == "_"),
}
_END: Final = frozenset({"the end"})
"""Stands for the end of the text, which no character is."""
_MAX_STATES: Final = 160
_MAX_PATTERN: Final = 2000
Edge = tuple[int, frozenset[str] | None]
"""The next state, and the characters that lead there; `None` is the empty text."""


@lru_cache(maxsize=1024)
def exponential(pattern: str, flags: int = 0) -> str | None:
    """Return a text whose repetition a pattern matches in exponentially many ways, or `None`.

    flags: those of `re.VERBOSE` and the like, as they change what is read. `None` also for what does not parse, has
    lookarounds or references, or is larger than the bounds.
    """
    if len(pattern) > _MAX_PATTERN or not re.search(r"[*+}]\)?.*[*+}]", pattern, re.DOTALL):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = _PARSER.parse(pattern, flags)
        if not _has_nested_choice(parsed):
            return None
        automaton = _Automaton()
        end = automaton.add(parsed, 0)
    except (re.error, RecursionError, OverflowError, _TooLargeError):
        return None
    automaton.final = end
    return automaton.ambiguous_loop()


class _TooLargeError(Exception):
    """The automaton has more states than the bound allows, or needs what an automaton cannot say."""


class _Automaton:
    def __init__(self) -> None:
        self.edges: dict[int, list[Edge]] = defaultdict(list)
        self.size = 1
        self.final = 0
        self.repeated: dict[int, str] = {}

    def _state(self) -> int:
        self.size += 1
        if self.size > _MAX_STATES:
            raise _TooLargeError
        return self.size - 1

    def add(self, items: Iterable[tuple[Any, Any]], start: int) -> int:
        """Add a sequence of parsed items from a state on, and return the state where it ends."""
        for kind, value in items:
            start = self._item(str(kind), value, start)
        return start

    def _item(self, kind: str, value: Any, start: int) -> int:
        if kind in {"LITERAL", "NOT_LITERAL", "IN", "ANY", "RANGE"}:
            end = self._state()
            self.edges[start].append((end, _characters(kind, value)))
            return end
        if kind in {"MAX_REPEAT", "MIN_REPEAT"}:
            return self._repeat(value[0], value[1], value[2], start)
        if kind == "SUBPATTERN":
            return self.add(value[3], start)
        if kind == "BRANCH":
            end = self._state()
            for branch in value[1]:
                self.edges[self._entered(branch, start)].append((end, None))
            return end
        if kind == "AT" and "END" in str(value):
            end = self._state()
            self.edges[start].append((end, _END))
            return end
        if kind == "AT":
            return start
        raise _TooLargeError

    def _entered(self, items: Iterable[tuple[Any, Any]], start: int) -> int:
        begin = self._state()
        self.edges[start].append((begin, None))
        return self.add(items, begin)

    def _repeat(self, low: int, high: Any, items: Any, start: int) -> int:
        for _ in range(min(int(low), 2)):
            start = self.add(items, start)
        if isinstance(high, int) and not str(high).startswith("MAX") and high < 20:
            if high > low:
                end = self._state()
                self.edges[start].append((end, None))
                self.edges[self._entered(items, start)].append((end, None))
                return end
            return start
        loop = self._state()
        self.edges[start].append((loop, None))
        inner = _unwrapped(items)
        if inner is not None:
            self.repeated[loop] = inner
        self.edges[self._entered(items, loop)].append((loop, None))
        end = self._state()
        self.edges[loop].append((end, None))
        return end

    def ambiguous_loop(self) -> str | None:
        """Return a text of two ways from a state to itself, if the automaton can still fail after it."""
        steps = self._steps()
        for state in sorted(steps):
            text = _two_ways(steps, state)
            if text is not None and not self._accepts_after(state):
                return text
        return next((text for loop, text in self.repeated.items() if self.final not in self._closure(loop)), None)

    def _accepts_after(self, state: int) -> bool:
        """Whether nothing is required after a loop through a state: the first way matches, and no other is tried."""
        around = self._reached(state)
        ends = [end for at in around for end, chars in self.edges[at] if chars is not None]
        return any(self.final in self._closure(end) and state in self._reached(end) for end in ends)

    def _reached(self, state: int) -> set[int]:
        """Return the states that some text leads to from a state, itself included."""
        found, pending = {state}, [state]
        while pending:
            for end, _ in self.edges[pending.pop()]:
                if end not in found:
                    found.add(end)
                    pending.append(end)
        return found

    def _steps(self) -> dict[int, list[tuple[int, frozenset[str]]]]:
        """Return the automaton without empty steps; two ways over them are two edges."""
        steps: dict[int, list[tuple[int, frozenset[str]]]] = {}
        for state in range(self.size):
            if any(chars is not None for _, chars in self.edges[state]) or state == 0:
                steps[state] = [
                    (after, chars)
                    for middle in self._closure(state)
                    for after, chars in self.edges[middle]
                    if chars is not None
                ]
        return {
            state: [
                (target, chars)
                for end, chars in found
                for target in self._closure(end)
                if target in steps or end == target
            ]
            for state, found in steps.items()
        }

    def _closure(self, state: int) -> list[int]:
        """Return the states reached by empty steps, once for each simple way."""
        found: list[int] = []
        pending = [(state, frozenset({state}))]
        while pending and len(found) < _MAX_STATES:
            at, seen = pending.pop()
            found.append(at)
            pending.extend((to, seen | {to}) for to, chars in self.edges[at] if chars is None and to not in seen)
        return found


def _two_ways(steps: dict[int, list[tuple[int, frozenset[str]]]], state: int) -> str | None:
    """Return the text of two different ways from a state to itself, by a walk over pairs of states."""
    pending: list[tuple[int, int, bool, str]] = [(state, state, False, "")]
    seen: set[tuple[int, int, bool]] = set()
    while pending:
        left, right, apart, text = pending.pop(0)
        for one, two, char in _pairs(steps, left, right):
            differ = apart or one[0] != two[0] or one[1] != two[1]
            if one[0] == two[0] == state and differ:
                return text + char
            if (one[0], two[0], differ) not in seen and len(seen) < 20_000:
                seen.add((one[0], two[0], differ))
                pending.append((one[0], two[0], differ, text + char))
    return None


def _pairs(
    steps: dict[int, list[tuple[int, frozenset[str]]]], left: int, right: int
) -> list[tuple[tuple[int, int], tuple[int, int], str]]:
    """Return pairs of steps on one character, each as (state, number of the edge)."""
    return [
        ((one, first), (two, second), min(common))
        for first, (one, chars) in enumerate(steps.get(left, ()))
        for second, (two, others) in enumerate(steps.get(right, ()))
        if (common := chars & others)
    ]


def _has_nested_choice(items: Any, inside: bool = False) -> bool:
    """Whether a repeat without limit has another repeat or a choice in it: else each text has one way."""
    for kind, value in items:
        name = str(kind)
        if inside and name in {"MAX_REPEAT", "MIN_REPEAT", "BRANCH"}:
            return True
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            nested = _has_nested_choice(value[2], str(value[1]).startswith("MAX"))
        elif name == "BRANCH":
            nested = any(_has_nested_choice(branch) for branch in value[1])
        else:
            nested = name == "SUBPATTERN" and _has_nested_choice(value[3], inside)
        if nested:
            return True
    return False


def _unwrapped(items: Any) -> str | None:
    """Return a character of a repeat without limit that is all that these items are, or `None`."""
    while len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        items = items[0][1][3]
    if len(items) != 1 or str(items[0][0]) not in {"MAX_REPEAT", "MIN_REPEAT"}:
        return None
    _, high, inner = items[0][1]
    kind, value = str(inner[0][0]), inner[0][1]
    is_endless = not isinstance(high, int) or str(high).startswith("MAX")
    one = len(inner) == 1 and kind in {"LITERAL", "NOT_LITERAL", "IN", "ANY"}
    return min(_characters(kind, value)) if is_endless and one else None


def _characters(kind: str, value: Any) -> frozenset[str]:
    if kind == "LITERAL":
        char = chr(value)
        return frozenset({char if char in _ALL else "é"})
    if kind == "NOT_LITERAL":
        return _ALL - {chr(value)}
    if kind == "ANY":
        return _ALL - {"\n"}
    if kind == "RANGE":
        low, high = value
        return frozenset(char for char in _ALPHABET if low <= ord(char) <= high)
    negated = bool(value) and str(value[0][0]) == "NEGATE"
    found: frozenset[str] = frozenset()
    for inner, content in value:
        name = str(inner)
        if name == "CATEGORY":
            found |= _category(str(content))
        elif name != "NEGATE":
            found |= _characters(name, content)
    return _ALL - found if negated else found


def _category(name: str) -> frozenset[str]:
    if "_NOT_" in name:
        return _ALL - _CLASSES[name.replace("_NOT_", "_")]
    return _CLASSES[name]
