"""Every trial, in its short form; in the long form of the tests, in its full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.suites.torture.trials import TRIALS, Trial
from tests.support.databases import chosen_kinds, is_long, require_database

CASES = [
    (trial, kind)
    for trial in TRIALS
    if trial.short or is_long()
    for kind in chosen_kinds(trial.kinds)
    if is_long() or kind in trial.short_kinds
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("trial", "kind"), CASES, ids=[f"{trial.name}-{kind}" for trial, kind in CASES])
def test_it_holds(trial: Trial, kind: str, tmp_path: Path) -> None:
    require_database(kind)
    assert trial.run(kind, tmp_path, trial.full if is_long() else trial.short) == []
