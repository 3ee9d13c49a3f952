"""A record of every statement that Berth has a database execute, once per process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from berth_imports import after_import

FOLDER: Final = "BERTH_TEST_STATEMENTS"
"""The variable that names the folder in which each process has a file."""

MODULE: Final = "berth.store.engine"
_SEEN: Final[set[str]] = set()
_RECORDED: Final[list[set[str]]] = []


def record_later() -> None:
    """Record as soon as this process imports Berth's engine, if it ever does."""
    if MODULE in sys.modules or FOLDER in os.environ:
        after_import(MODULE, record)


@contextmanager
def recorded_texts() -> Iterator[set[str]]:
    """Yield the set of texts that this process executes until the block ends."""
    texts: set[str] = set()
    _RECORDED.append(texts)
    yield texts
    _RECORDED.remove(texts)


def record(module: ModuleType) -> None:
    """Record every engine that a Database creates; engines of tests and other programs are not Berth's."""
    from sqlalchemy import event

    made = module.Database._engine

    def engine(database: Any, use: Any) -> Any:
        it = made(database, use)
        if not event.contains(it, "before_cursor_execute", _note):
            event.listen(it, "before_cursor_execute", _note)
        return it

    module.Database._engine = engine


def _note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    for texts in _RECORDED:
        texts.add(statement)
    if statement in _SEEN or not _is_berth_s():
        return
    _SEEN.add(statement)
    folder = os.environ.get(FOLDER)
    if folder is not None:
        with Path(folder, str(os.getpid())).open("a", encoding="utf-8") as file:
            file.write(json.dumps(statement) + "\n")


def _is_berth_s() -> bool:
    """Whether Berth executes this, and not a test that reads or tampers on its own."""
    frame = sys._getframe(2)
    while frame is not None and ("sqlalchemy" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back  # type: ignore[assignment]
    package = Path(sys.modules[MODULE].__file__ or "").parent.parent
    return frame is not None and frame.f_code.co_filename.startswith(str(package))
