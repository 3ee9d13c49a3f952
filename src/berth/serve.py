"""The main process: checks of the settings, the TLS proxy, the metrics folder, the workers."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from berth.api.auth import configured
from berth.api.http import tls_proxy
from berth.api.http.shutdown import forget_in_children
from berth.app import METRICS_VARIABLE, UnusableSettings, logging_of, policy_of
from berth.ledger import prepare_ledger
from berth.settings import Otel, Settings, Tls
from berth.worker import WorkerSettings, worker

_UNCHANGED_LOGGING: Final[dict[str, Any]] = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""A configuration with which Granian leaves logging unchanged."""


def serve(settings: Settings, on_start: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress. Raise BerthError if serving cannot start.

    on_start: called when all checks have passed, just before the workers start.
    """
    logging_of(settings).take_over()
    check(settings)
    prepare_ledger(settings.url)  # report what is wrong with it once, not in each worker
    _check_port(settings)
    with ExitStack() as stack:
        os.environ[METRICS_VARIABLE] = stack.enter_context(TemporaryDirectory(prefix="berth-metrics-"))
        address, proxy = (settings.host, settings.port), None
        if settings.tls.client_ca:
            proxy = Path(stack.enter_context(TemporaryDirectory(prefix="berth-")))
            address = ("127.0.0.1", _free_port())
            tls_proxy.start(
                tls_proxy.ProxyAddress(settings.host, settings.port, address[1], proxy),
                tls_proxy.context_of(settings.tls),
            )
        on_start()
        _serve_in_workers(WorkerSettings(settings, None if proxy is None else str(proxy)), address)


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
        raise UnusableSettings(f"the TLS certificate, its key or the clients' authority will not do: {error}") from None


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
            f"otel.endpoint is set, but {error.name} is not installed: install berth[otel], or do not set it"
        ) from None


def _check_port(settings: Settings) -> None:
    try:
        with socket.create_server((settings.host, settings.port), reuse_port=False):
            pass
    except OSError as error:
        raise UnusableSettings(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None


def _serve_in_workers(given: WorkerSettings, address: tuple[str, int]) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    settings = given.settings
    server = Granian(
        "berth.worker:worker",
        address=address[0],
        port=address[1],
        interface=Interfaces.RSGI,
        workers=settings.workers,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_UNCHANGED_LOGGING,
        backlog=2048,
        workers_kill_timeout=30,
        respawn_failed_workers=True,
        http1_settings=HTTP1Settings(header_read_timeout=round(settings.limits.slow_seconds * 1000)),
        **({} if given.proxy else _tls_of(settings.tls)),
    )
    forget_in_children()
    # Passed through a pipe: environments and command lines can be read from outside of the process.
    server.serve(target_loader=partial(worker, given), wrap_loader=False)


def _tls_of(tls: Tls) -> dict[str, Any]:
    """Return Granian's options for TLS, where it is not the proxy that terminates it."""
    from granian.constants import SSLProtocols

    if not tls.cert:
        return {}
    key = Path(tls.key or tls.cert)
    return {"ssl_cert": Path(tls.cert), "ssl_key": key, "ssl_protocol_min": SSLProtocols.tls12}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
