"""The short form of every trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.databases import need
from tests.torture.trials import TRIALS, Trial

CASES = [(trial, kind) for trial in TRIALS for kind in trial.kinds]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("trial", "kind"), CASES, ids=[f"{trial.name}-{kind}" for trial, kind in CASES])
def test_it_holds(trial: Trial, kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    need(kind)
    folder = _open_to_all(tmp_path_factory.mktemp(trial.name))
    assert trial.run(kind, folder, trial.short) == []


def _open_to_all(folder: Path) -> Path:
    """A folder that the user of a database of the test's own can enter."""
    for each in (folder, *list(folder.parents)[:2]):
        each.chmod(0o755)
    return folder
