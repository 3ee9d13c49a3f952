"""The steps of an archive, to be broken off before each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from berth.ledger.audit import archive, archive_file
from berth.store import audit, changes, checkpoints

STEPS: dict[str, tuple[object, str, int]] = {
    "the log is verified": (archive, "_check_whole", 1),
    "half of the file is written": (archive_file, "_encode", 7),
    "the file is renamed": (archive, "_publish", 1),
    "the file is read again": (archive, "_read_again", 1),
    "the first pieces are written": (checkpoints, "add_piece", 1),
    "the checkpoint is written": (archive, "_move", 1),
    "the file is sealed": (archive, "_remove_archived", 2),
    "records are deleted": (audit, "drop", 2),
    "changes are deleted": (changes, "drop", 2),
}
"""The step that comes next, and how often it has been called by then."""


def break_off(patch: pytest.MonkeyPatch, step: str, end: Callable[[], None]) -> None:
    """Let this process end when a step has been called as often as that."""
    module, name, count = STEPS[step]
    actual = getattr(module, name)

    def broken(*values: Any, **named: Any) -> Any:
        nonlocal count
        count -= 1
        if count == 0:
            end()
        return actual(*values, **named)

    patch.setattr(module, name, broken)
