"""The speed of a review, in processor time beside a loop that is measured at the same time: on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from berth.review.code.parse import read_tree
from berth.review.code_part import review_code_part

MOST_LOOPS = 45
"""How many times what the loop takes; Placement's 30,000 lines took 38 at first, then 28."""


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def loop() -> int:
    """Make small objects and texts, as a review does."""
    return len([(number, str(number)) for number in range(300_000)])


def test_a_project_takes_no_longer_than_so_many_loops() -> None:
    found = find_spec("placement")
    assert found is not None
    assert found.origin is not None
    tree = read_tree(Path(found.origin).parent)
    times = [(seconds(loop), seconds(lambda: review_code_part(tree, ()))) for _ in range(2)]
    least, loops = min(review for _, review in times), min(each for each, _ in times)
    assert least / loops < MOST_LOOPS
