"""A record of every request for which an event loop of Berth sleeps, waits or computes for long."""

from __future__ import annotations

import json
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from berth_imports import after_import

FOLDER: Final = "BERTH_TEST_LOOP"
"""The variable that names the folder in which each process has a file."""

WORK_S: Final = 0.02
"""How much processor time one request may take in the event loop at once."""

WAIT_S: Final = 1.0
"""How long it may stand still there: on a machine that many processes share, all of them do so for a while."""

WARM_UP: Final = 3
"""How often each kind of request may be slow: the first ones import, compile and cache."""


class _Held(threading.local):
    """What the event loop of this thread does at present, and why that is wrong."""

    request = ""
    why = ""


_HELD = _Held()
_sleep = time.sleep
_SEEN: Final[dict[str, int]] = {}


def record_later() -> None:
    """Record as soon as this process imports Berth's server, if it ever does."""
    if FOLDER in os.environ:
        after_import("berth.api.http.server", _watch_server)
        after_import("berth.store.engine", _watch_database)
        time.sleep = _noted_sleep


@contextmanager
def unrecorded() -> Iterator[None]:
    """Record nothing of processes that are started inside: those that a test stops stand still."""
    folder = os.environ.pop(FOLDER, None)
    try:
        yield
    finally:
        if folder is not None:
            os.environ[FOLDER] = folder


def violations(folder: Path) -> list[dict[str, str]]:
    """Return what the processes of a run have recorded."""
    return [json.loads(line) for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]


def _watch_server(module: ModuleType) -> None:
    """Watch what a server does in its event loop for a request. Commits may wait there, for the disk."""
    in_scope = module.Server._in_scope

    def watched(server: Any, handle: Any, request: Any, *given: Any, **options: Any) -> Any:
        if not options.get("brief"):
            return in_scope(server, handle, request, *given, **options)
        with _held(request):
            return in_scope(server, handle, request, *given, **options)

    module.Server._in_scope = watched


def _watch_database(module: ModuleType) -> None:
    engine = module.Database._engine

    def noted(database: Any, purpose: Any) -> Any:
        if not database.capabilities.embedded:
            _note("it waits for a database")
        return engine(database, purpose)

    module.Database._engine = noted


def _noted_sleep(seconds: float) -> None:
    _note("it sleeps")
    _sleep(seconds)


def _note(why: str) -> None:
    if _HELD.request:
        _HELD.why = why


@contextmanager
def _held(request: Any) -> Iterator[None]:
    _HELD.request, _HELD.why = request.id, ""
    began, worked, waits = time.perf_counter(), time.thread_time(), _waits()
    try:
        yield
    finally:
        work = time.thread_time() - worked
        wait = time.perf_counter() - began - work if _waits() > waits else 0.0
        _check(request, work, wait)
        _HELD.request = ""


def _waits() -> int:
    """Return how often this thread has waited for something other than a processor."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def _check(request: Any, work: float, wait: float) -> None:
    if not _HELD.why and work > WORK_S and not _warms_up(request):
        _HELD.why = f"it computes for {work * 1e3:.0f} ms"
    if not _HELD.why and wait > WAIT_S:
        _HELD.why = f"it stands still for {wait * 1e3:.0f} ms"
    if _HELD.why and FOLDER in os.environ:
        _write({"request": f"{request.method} {request.path}?{request.query}"[:200], "why": _HELD.why})


def _warms_up(request: Any) -> bool:
    kind = request.info.operation
    _SEEN[kind] = _SEEN.get(kind, 0) + 1
    return _SEEN[kind] <= WARM_UP


def _write(line: dict[str, str]) -> None:
    with Path(os.environ[FOLDER], str(os.getpid())).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
