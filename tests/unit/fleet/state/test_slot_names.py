"""Names by slot, and their lower case."""

from __future__ import annotations

import sys

from berth.fleet.state.slot_names import SlotNames


def test_the_lower_case_follows_every_change_of_its_own_copy() -> None:
    names = SlotNames(["Node-1", "node-2"])
    assert (names.lower, names.lower[1] is names[1]) == (["node-1", "node-2"], True)
    small = sys.getsizeof(SlotNames(names))
    assert sys.getsizeof(names) > small
    copy = names.copy()
    copy[0] = "GPU-1"
    copy.append("GPU-2")
    assert (copy, copy.lower) == (["GPU-1", "node-2", "GPU-2"], ["gpu-1", "node-2", "gpu-2"])
    copy.extend(["X"])
    assert copy.lower[-1] == "x"
    assert (names, names.lower) == (["Node-1", "node-2"], ["node-1", "node-2"])


def test_the_lower_case_is_computed_once() -> None:
    names = SlotNames(["A"])
    first = names.lower
    names[0] = "B"
    assert (names.lower is first, names.copy().lower is first) == (True, False)
