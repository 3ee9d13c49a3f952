"""Hypothesis profiles: ``BERTH_TEST_HYPOTHESIS=ci`` (the default; always the same examples) or ``deep``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TIME_TO_SHRINK_S = 1200
"""Hypothesis takes up to five minutes to shrink a failing example; the limit must not interrupt it."""

settings.register_profile(
    "ci",
    max_examples=100,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", settings.get_profile("ci"), max_examples=3000, derandomize=False)
settings.load_profile(os.environ.get("BERTH_TEST_HYPOTHESIS", "ci"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(folder):
            item.add_marker(pytest.mark.timeout(TIME_TO_SHRINK_S))
