"""The budget of the suites: they may become cheaper; what makes them dearer needs a reason in the commit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.budget import ALLOWED, KINDS, above, allowed, suite_of, used


@pytest.mark.at_the_end
@pytest.mark.skipif("BERTH_TEST_WHOLE" not in os.environ, reason="only a whole run can be held to its budget")
def test_no_suite_has_become_dearer() -> None:
    usage = used()
    last = ALLOWED.with_name(".budget-of-last-run.json")
    last.write_text(json.dumps(usage, indent=2) + "\n", encoding="utf-8")
    assert above(usage, allowed()) == [], f"lower what a suite uses, or raise {ALLOWED.name} and say why"


def test_every_suite_has_a_budget() -> None:
    root = Path(__file__).parent
    suites = {f"suites/{path.name}" for path in (root / "suites").iterdir() if list(path.glob("test_*.py"))}
    assert set(allowed()) >= suites | {"unit"}


@pytest.mark.parametrize(
    ("test", "suite"),
    [
        ("tests/suites/v1/test_races.py::test_it[1]", "suites/v1"),
        ("tests/unit/api/v1/test_routes.py::test_it", "unit"),
        ("tests/test_tidy.py::test_it", "tests"),
    ],
)
def test_the_suite_of_a_test(test: str, suite: str) -> None:
    assert suite_of(test) == suite


def test_more_than_allowed_is_noticed() -> None:
    limits = {"unit": {"tests": 20, "servers": 0, "databases": 0}, "tests": {"tests": 20, "servers": 1, "databases": 0}}
    usage = {
        "unit": {"tests": 22, "servers": 1, "databases": 0},
        "tests": {"tests": 23, "servers": 2, "databases": 0},
        "suites/new": dict.fromkeys(KINDS, 0) | {"tests": 1},
    }
    assert above(usage, limits) == [
        "suites/new: 1 tests, 0 allowed",
        "tests: 23 tests, 20 allowed",
        "unit: 1 servers, 0 allowed",
    ]
