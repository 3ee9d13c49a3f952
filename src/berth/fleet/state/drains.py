"""Drained providers: those that were drained, and, by slot, those that are because of one above them."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.columns import Mask
from berth.model.drain_state import DrainFact

NO_MASK: Mask = np.zeros(0, dtype=np.bool_)


class Drains:
    """Drains by the slots of the providers that were drained themselves."""

    __slots__ = ("_mask", "by_slot")

    def __init__(self) -> None:
        self.by_slot: dict[int, DrainFact] = {}
        self._mask = NO_MASK

    def __sizeof__(self) -> int:
        return sys.getsizeof(self.by_slot) + self._mask.nbytes

    def copy(self) -> Drains:
        """Return an independent copy."""
        copied = Drains()
        copied.by_slot, copied._mask = self.by_slot.copy(), self._mask
        return copied

    def put(self, slot: int, drain: DrainFact | None) -> None:
        """Drain a provider, or end that (None)."""
        self._mask = NO_MASK
        if drain is None:
            self.by_slot.pop(slot, None)
        else:
            self.by_slot[slot] = drain

    def forget_places(self) -> None:
        """Note that a provider has another place. Call it before the next `mask`."""
        self._mask = NO_MASK

    def mask(self, parents: NDArray[np.int32]) -> Mask:
        """Return, by slot, whether a provider is drained, itself or one above it. parents: by slot, -1 for none."""
        if len(self._mask) != len(parents):
            drained = np.zeros(len(parents), dtype=np.bool_)
            drained[list(self.by_slot)] = True
            below, count = np.flatnonzero(parents >= 0), -1
            while count != (count := int(np.count_nonzero(drained))):
                drained[below] |= drained[parents[below]]
            self._mask = drained
        return self._mask

    def nearest(self, slot: int, parents: NDArray[np.int32]) -> tuple[int, DrainFact] | None:
        """Return the drain of a provider, or of the nearest one above it, with its slot; None if there is none."""
        while slot >= 0:
            if slot in self.by_slot:
                return slot, self.by_slot[slot]
            slot = int(parents[slot])
        return None
