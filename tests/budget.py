"""Counts what each suite uses, for the ratchet of `test_budget`: tests, servers started and databases created.

    python -m tests.budget             what the last whole run used, beside what is allowed

Every process of a run appends to the same files, one byte for each use.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

COUNTS = "BERTH_TEST_COUNTS"
"""The variable that names the folder with a file for each suite and kind."""

ALLOWED = Path(__file__).with_name("budget.json")
KINDS = ("tests", "servers", "databases")
ROOM = 10
"""By how many percent a suite may exceed its budget: one more case of a table is no reason to stop a build."""
Usage = dict[str, dict[str, int]]
"""By suite, such as suites/v1, and kind."""


def count(kind: str, test: str | None = None) -> None:
    """Record one use by a test; without one, by the test that is running now."""
    folder = os.environ.get(COUNTS)
    test = test or os.environ.get("PYTEST_CURRENT_TEST")
    if folder is None or test is None:
        return
    with Path(folder, f"{suite_of(test).replace('/', '-')}.{kind}").open("ab") as file:
        file.write(b".")


def suite_of(test: str) -> str:
    """Return the suite of a test by its id: suites/v1 for tests/suites/v1/test_races.py::..., or unit, or tests."""
    parts = Path(test.partition("::")[0]).parts[1:-1]
    return "/".join(parts[:2] if parts[:1] == ("suites",) else parts[:1]) or "tests"


def used() -> Usage:
    """Return what this run has used so far."""
    usage: Usage = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    for path in sorted(Path(os.environ[COUNTS]).iterdir()):
        usage[path.stem.replace("-", "/")][path.suffix[1:]] = path.stat().st_size
    return dict(usage)


def allowed() -> Usage:
    """Return what a run may use."""
    found: Usage = json.loads(ALLOWED.read_text(encoding="utf-8"))
    return found


def with_room(limit: int) -> int:
    """Return what a suite may use at most whose budget is `limit`; nothing, if it may use none."""
    return limit + -(-limit * ROOM // 100)


def above(usage: Usage, limits: Usage) -> list[str]:
    """Return in words what a run has used more of than it may, with its room."""
    nothing = dict.fromkeys(KINDS, 0)
    return [
        f"{suite}: {each[kind]} {kind}, {limits.get(suite, nothing)[kind]} allowed"
        for suite, each in sorted(usage.items())
        for kind in KINDS
        if each[kind] > with_room(limits.get(suite, nothing)[kind])
    ]
