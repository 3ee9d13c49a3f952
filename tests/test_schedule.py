"""Tests that share a server or a database run in one process."""

from __future__ import annotations

import pytest

from tests.schedule import group_of

V1 = "tests/suites/v1/test_races.py"


@pytest.mark.parametrize(
    ("test", "group"),
    [
        (f"{V1}::test_it", V1),
        (f"{V1}::test_it[8]", V1),
        (f"{V1}::test_it[sqlite-8]", f"{V1} sqlite"),
        (f"{V1}::test_it[8-postgresql]", f"{V1} postgresql"),
        (f"{V1}::test_it[mariadb 1.39 GET /]", f"{V1} mariadb"),
        ("tests/suites/torture/test_torture.py::test_it_holds[kill-sqlite]",) * 2,
        (
            "tests/suites/conformance/test_suite.py::test_placement_says[mariadb traits.yaml: list]",
            "tests/suites/conformance/test_suite.py",
        ),
    ],
)
def test_the_group_of_a_test(test: str, group: str) -> None:
    assert group_of(test) == group
