"""A worker process: its settings, its ledger, its garbage collector."""

from __future__ import annotations

import gc
import logging
import sys
import time
from typing import Any

import msgspec

from berth.api.http.shutdown import block_signals
from berth.app import application, logging_of
from berth.ledger import Ledger, open_ledger
from berth.model.errors import BerthError, Unavailable
from berth.settings import Settings

_LOG = logging.getLogger("berth")


class WorkerSettings(msgspec.Struct, frozen=True):
    """What the main process passes to its workers. proxy: the folder of the TLS proxy, None without one."""

    settings: Settings
    proxy: str | None


def worker(given: WorkerSettings) -> Any:
    """Return a worker process's application; raise SystemExit if it cannot start."""
    log = logging_of(given.settings)
    log.take_over()
    # A thread that waits for the interpreter gets it after this long: commits should not wait for finds.
    sys.setswitchinterval(0.0005)
    try:
        ledger = _opened(given.settings)
        block_signals()  # until the event loop runs, which handles them
        spare_collector()
        return application(given.settings, ledger, log, given.proxy)
    except BerthError as error:  # not a fault of Berth's: a traceback would not help
        _LOG.error("%s", error)
    except Exception:  # noqa: BLE001 - it is logged
        _LOG.exception("a worker could not start")
    raise SystemExit(1)


def spare_collector() -> None:
    """Keep the garbage collector away from the fleet, which lives as long as the process, and from single replies.

    Otherwise the slowest of a thousand finds would wait for a full collection that frees nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _opened(settings: Settings) -> Ledger:
    """Open the ledger, waiting for its database: a worker that exits instead would take the whole server with it."""
    while True:
        try:
            return open_ledger(settings.url, secret_file=settings.secret_file)
        except Unavailable as error:
            _LOG.warning("%s: trying again", error)
            time.sleep(1)
