"""From a path to the rows of a route table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar


class Row(Protocol):
    """A row of a route table. path: its parameters in braces, for example /traits/{name}."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def path(self) -> str:
        """The path, from its first slash."""


R = TypeVar("R", bound=Row)


class Match(NamedTuple, Generic[R]):
    """The rows of a path, by method, and the values of its parameters."""

    rows: dict[str, list[R]]
    values: list[str]

    def parameters(self, row: R) -> dict[str, str]:
        """Return the values by the names that a row gives to the parameters."""
        names = (part[1:-1] for part in _parts(row.path) if _is_parameter(part))
        return dict(zip(names, self.values, strict=True))


class Router(Generic[R]):
    """Finds rows by path. A part that is named goes before a parameter."""

    def __init__(self, rows: Iterable[R]) -> None:
        self._root: Final = _Node[R]()
        for row in rows:
            node = self._root
            for part in _parts(row.path):
                node = node.child(part)
            node.rows.setdefault(row.method, []).append(row)

    def match(self, path: str) -> Match[R] | None:
        """Return the rows of a path; None if it is the path of none."""
        return self._root.match(_parts(path), 0, [])


class _Node(Generic[R]):
    """One part of a path, and what may follow it."""

    __slots__ = ("named", "parameter", "rows")

    def __init__(self) -> None:
        self.named: dict[str, _Node[R]] = {}
        self.parameter: _Node[R] | None = None
        self.rows: dict[str, list[R]] = {}

    def child(self, part: str) -> _Node[R]:
        if not _is_parameter(part):
            return self.named.setdefault(part, _Node())
        if self.parameter is None:
            self.parameter = _Node()
        return self.parameter

    def match(self, parts: Sequence[str], at: int, values: list[str]) -> Match[R] | None:
        if at == len(parts):
            return Match(self.rows, values) if self.rows else None
        named = self.named.get(parts[at])
        found = None if named is None else named.match(parts, at + 1, values)
        if found is None and self.parameter is not None:
            found = self.parameter.match(parts, at + 1, [*values, parts[at]])
        return found


def _parts(path: str) -> list[str]:
    return path[1:].split("/")


def _is_parameter(part: str) -> bool:
    return part.startswith("{")
