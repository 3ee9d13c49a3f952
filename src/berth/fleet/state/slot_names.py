"""The names of providers, by slot, and the same in lower case for those who look for a part of one."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Self


class SlotNames(list[str]):
    """Names by slot. Their lower case is computed when it is first asked for, and kept up to date from then on.

    Names that have no capitals are the same objects in both, so that the lower case needs little memory.
    """

    __slots__ = ("_lower",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        super().__init__(names)
        self._lower: list[str] | None = None

    def __sizeof__(self) -> int:
        return super().__sizeof__() + (0 if self._lower is None else sys.getsizeof(self._lower))

    @property
    def lower(self) -> list[str]:
        """The names in lower case, by slot. It is not to be changed."""
        if self._lower is None:
            self._lower = list(map(_lower, self))
        return self._lower

    def copy(self) -> Self:
        """Return an independent copy."""
        copied = type(self)(self)
        copied._lower = None if self._lower is None else self._lower.copy()  # noqa: SLF001 - of the same class
        return copied

    def __setitem__(self, slot: int, name: str) -> None:  # type: ignore[override]  # one name at a time
        super().__setitem__(slot, name)
        if self._lower is not None:
            self._lower[slot] = _lower(name)

    def append(self, name: str) -> None:
        """Add the name of a new slot."""
        super().append(name)
        if self._lower is not None:
            self._lower.append(_lower(name))

    def extend(self, names: Iterable[str]) -> None:
        """Add the names of new slots."""
        super().extend(names)
        self._lower = None


def _lower(name: str) -> str:
    lower = name.lower()
    return name if lower == name else lower
