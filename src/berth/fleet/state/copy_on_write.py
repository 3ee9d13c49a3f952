"""Copies on the first write: versions of an object share what none of them has changed."""

from __future__ import annotations

import sys
from typing import Any, ClassVar, Protocol, Self


class Part(Protocol):
    """A part of an object that has versions."""

    def copy(self) -> Any:
        """Return an independent copy."""


class CopyOnWrite:
    """An object with parts that its versions share until one of them writes.

    A fork costs the same however large the parts are. After a fork the original must not be written to any more as long
    as the fork is used: it may still own parts that both share.
    """

    __slots__ = ("_owned",)

    parts: ClassVar[frozenset[str]]
    """The names of the attributes that are copied before the first write; all others are plain values."""

    def __init__(self) -> None:
        self._owned: set[str] = set(self.parts)

    def fork(self) -> Self:
        """Return a new version, which shares every part with this one."""
        forked = object.__new__(type(self))
        for kind in type(self).__mro__:
            for name in getattr(kind, "__slots__", ()):
                setattr(forked, name, getattr(self, name))
        forked._owned = set()
        return forked

    def unshared_bytes(self, seen: set[int]) -> int:
        """Return the size of the parts whose `id` is not in `seen`, which is then extended by them."""
        parts = [part for part in map(self.__getattribute__, self.parts) if id(part) not in seen]
        seen.update(map(id, parts))
        return sum(map(sys.getsizeof, parts))

    def own(self, name: str) -> Any:
        """Return a part for writing."""
        self._own(name)
        return getattr(self, name)

    def _own(self, *names: str) -> None:
        """Copy those of these parts that other versions may share. Must be called before they are written to."""
        for name in names:
            if name not in self._owned:
                setattr(self, name, getattr(self, name).copy())
                self._owned.add(name)
