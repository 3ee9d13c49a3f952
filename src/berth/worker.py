"""A worker process: its settings, its ledger, its garbage collector, its HTTP server."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import time
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import msgspec
from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from berth.api.http.application import Application
from berth.api.http.connections import connection_limit
from berth.app import METRICS_VARIABLE, UnusableSettings, application, logging_of
from berth.ledger import Ledger, open_ledger
from berth.logs.setup import Logging
from berth.model.errors import BerthError, Unavailable
from berth.processes.child import UNSTARTABLE, Link
from berth.processes.signals import ENDING, SignalPipe
from berth.settings import Settings, Tls

BACKLOG: Final = 2048
"""How many connections wait to be accepted, and how many requests are handled at once by all workers."""

FAILED: Final = 1
"""The exit status of a worker that has failed after it had begun to listen."""

SWITCH_S: Final = 0.0001
"""How long one thread computes while another one waits for the interpreter."""

_REMOVALS: Final = 10
"""How often a worker tries to remove the folder of the metrics, while others may write into it."""

_LOG = logging.getLogger("berth")

_UNCHANGED_LOGGING: Final[dict[str, Any]] = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""A configuration with which Granian leaves logging unchanged."""


class WorkerSettings(msgspec.Struct, frozen=True):
    """What the main process passes to its workers.

    host, port: where they listen; proxy: the folder of the TLS proxy, None without one.
    """

    settings: Settings
    host: str
    port: int
    proxy: str | None


def run(given: WorkerSettings, link: Link) -> None:
    """Serve until SIGTERM or SIGINT, and finish the requests in progress. Raise SystemExit if this worker cannot."""
    log = logging_of(given.settings)
    log.take_over()
    # A thread that waits for the interpreter gets it after this long: commits should not wait for finds.
    sys.setswitchinterval(SWITCH_S)
    worker = Worker(given, log, link)
    try:
        worker.serve()
    except BerthError as error:  # not a fault of Berth's: a traceback would not help
        _LOG.error("%s", error)
    except Exception:  # noqa: BLE001 - it is logged
        _LOG.exception("a worker failed")
    else:
        return
    finally:
        if link.is_cut:  # the main process cannot do this any more
            _remove(Path(os.environ[METRICS_VARIABLE]))
    log.end()
    raise SystemExit(FAILED if worker.listened else UNSTARTABLE)


def _remove(folder: Path) -> None:
    """Remove a folder that threads of this process and of others may still write new files into."""
    for _ in range(_REMOVALS):
        rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


class Worker:
    """A worker process. listened: whether it has begun to listen."""

    def __init__(self, given: WorkerSettings, log: Logging, link: Link) -> None:
        self._given, self._log, self._link = given, log, link
        self.listened = False

    def serve(self) -> None:
        """Serve until a signal. Raise what makes it impossible."""
        given = self._given
        ledger = _opened(given.settings)
        signals = SignalPipe(ENDING)  # until now a signal has ended the process at once
        spare_collector()
        served = application(given.settings, ledger, self._log, given.proxy)
        served.on_listening = self._report
        loop = _event_loop()
        asyncio.set_event_loop(loop)
        # The loop is not closed: the process exits, and threads that wait for a database must not delay that.
        loop.run_until_complete(_serve(_granian(given, served), served, signals))
        served.end()

    def _report(self) -> None:
        self.listened = True
        self._link.report_ready()


def spare_collector() -> None:
    """Keep the garbage collector away from the fleet, which lives as long as the process, and from single replies.

    Otherwise the slowest of a thousand finds would wait for a full collection that frees nothing. Collections are small
    and frequent rather than large and rare: each of them stops every thread.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 1_000)


def _opened(settings: Settings) -> Ledger:
    """Open the ledger, waiting for its database."""
    while True:
        try:
            return open_ledger(
                settings.url,
                secret_file=settings.secret_file,
                keep_keys_s=settings.keys.keep_seconds,
                longest_hold_s=settings.holds.longest_seconds,
                keep_endings_s=settings.endings.keep_seconds,
            )
        except Unavailable as error:
            _LOG.warning("%s: trying again", error)
            time.sleep(1)


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # there is none for this interpreter
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _serve(server: Server, served: Application, signals: SignalPipe) -> None:
    def stop() -> None:
        if signals.read():
            served.stop()
            server.stop()  # type: ignore[no-untyped-call]

    asyncio.get_running_loop().add_reader(signals, stop)
    try:
        await server.serve()
    except RuntimeError as error:  # with a backtrace of Granian's in its further lines
        first, *_ = str(error).splitlines()
        raise UnusableSettings(f"cannot listen on {server.bind_addr}:{server.bind_port}: {first}") from None


def _granian(given: WorkerSettings, served: Application) -> Server:
    """Return the HTTP server, which serves in the event loop that awaits it."""
    settings = given.settings
    return Server(
        served,
        address=given.host,
        port=given.port,
        interface=Interfaces.RSGI,
        websockets=False,
        log_level=LogLevels.error,  # with warnings it would say at each start that it is experimental
        log_dictconfig=_UNCHANGED_LOGGING,
        backlog=BACKLOG,
        # More connections than may have a request in progress, so that a health check gets through.
        backpressure=connection_limit(settings.limits.connections),
        http1_settings=HTTP1Settings(header_read_timeout=round(settings.limits.slow_seconds * 1000)),
        **({} if given.proxy else _tls_of(settings.tls)),
    )


def _tls_of(tls: Tls) -> dict[str, Any]:
    """Return Granian's options for TLS, where it is not the proxy that terminates it."""
    if not tls.cert:
        return {}
    key = Path(tls.key or tls.cert)
    return {"ssl_cert": Path(tls.cert), "ssl_key": key, "ssl_protocol_min": SSLProtocols.tls12}
