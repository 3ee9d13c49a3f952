"""The main process: checks of the settings, the metrics folder, and the processes that it supervises."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

from berth.api.auth import configured
from berth.api.http import tls_proxy
from berth.app import METRICS_VARIABLE, UnusableSettings, logging_of, policy_of
from berth.ledger import prepare_ledger
from berth.model.errors import BerthError
from berth.processes.child import Fork, Lifeline
from berth.processes.signals import SIGNALS, SignalPipe, reset
from berth.processes.supervisor import CannotStart, Place, Supervisor
from berth.settings import Otel, Settings, Tls
from berth.worker import WorkerSettings, run

LOOPBACK: Final = "127.0.0.1"


class ServerEnded(BerthError):
    """The server has ended because one of its processes cannot start."""


def serve(settings: Settings, on_start: Callable[[], None], on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress. Raise BerthError if serving cannot start.

    on_start: called when all checks have passed, just before the workers start; on_ready: when all of them listen.
    """
    reset()  # while it checks, a signal ends it at once
    logging_of(settings).take_over()
    check(settings)
    prepare_ledger(settings.url)  # report what is wrong with it once, not in each worker
    _check_port(settings)
    signals = SignalPipe(SIGNALS)
    with ExitStack() as stack:
        os.environ[METRICS_VARIABLE] = stack.enter_context(TemporaryDirectory(prefix="berth-metrics-"))
        stack.callback(signals.ignore)
        places = _workers(WorkerSettings(settings, settings.host, settings.port, None))
        if settings.tls.client_ca:
            folder = stack.enter_context(TemporaryDirectory(prefix="berth-"))
            places = _behind_proxy(settings, folder)
        on_start()
        try:
            Supervisor(signals, places, on_ready).run()
        except CannotStart as error:
            raise ServerEnded(str(error)) from None


def _workers(given: WorkerSettings) -> list[Place]:
    # A fork needs no copy of the settings: environments and command lines can be read from outside of the process.
    lifeline = Lifeline()
    names = [f"worker {number}" for number in range(1, given.settings.workers + 1)]
    return [Place(partial(Fork, name, partial(run, given), lifeline)) for name in names]


def _behind_proxy(settings: Settings, folder: str) -> list[Place]:
    port = _free_port()
    address = tls_proxy.ProxyAddress(settings.host, settings.port, port, folder)
    start = partial(tls_proxy.proxy_program, tls_proxy.ProxySettings(address, settings.tls, settings.log))
    return [Place(start, reloads=False), *_workers(WorkerSettings(settings, LOOPBACK, port, folder))]


def check(settings: Settings) -> None:
    """Check these settings; raise UnusableSettings, which says what to do instead."""
    policy_of(settings)
    configured.check(settings)
    _check_tls(settings.tls)
    _check_otel(settings.otel)


def _check_tls(tls: Tls) -> None:
    if not tls.cert and (tls.key or tls.client_ca):
        raise UnusableSettings("tls.key and tls.client_ca need tls.cert as well")
    if not tls.cert:
        return
    try:
        tls_proxy.context_of(tls)
    except (OSError, ssl.SSLError) as error:
        raise UnusableSettings(
            f"the TLS certificate, its key or the clients' authority cannot be used: {error}"
        ) from None


def _check_otel(otel: Otel) -> None:
    if not otel.endpoint:
        return
    parts = urlsplit(otel.endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnusableSettings("otel.endpoint is an address such as http://collector.example.com:4318")
    try:
        import berth.api.ops.traces  # noqa: F401 - whether it can be imported
    except ModuleNotFoundError as error:
        raise UnusableSettings(
            f"otel.endpoint is set, but {error.name} is not installed: install what requirements/otel.txt pins, "
            "or do not set it"
        ) from None


def _check_port(settings: Settings) -> None:
    try:
        with socket.create_server((settings.host, settings.port), reuse_port=False):
            pass
    except OSError as error:
        raise UnusableSettings(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
        return port
