"""How long Hypothesis looks: ``BERTH_HYPOTHESIS=ci`` (the default; always the same examples) or ``deep``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

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
settings.load_profile(os.environ.get("BERTH_HYPOTHESIS", "ci"))
