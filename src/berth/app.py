"""The composition root: the only place where everything meets."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from berth.api import auth
from berth.api.cors import Cors
from berth.api.placement.api import PlacementApi
from berth.api.policy import POLICIES
from berth.api.server import Server
from berth.ledger import Ledger, open_ledger, prepare_ledger
from berth.model.errors import BerthError, DatabaseUnusable, Unavailable
from berth.settings import Settings

_LOG = logging.getLogger("berth")

SETTINGS_VARIABLE: Final = "BERTH_SERVING"
"""Where `serve` leaves the settings for its worker processes."""

THREADS: Final = 8
"""How many threads wait for a database behind a network, in one process."""


class UnusableSettings(BerthError):
    """Settings that cannot be served with."""


def check(settings: Settings) -> None:
    """UnusableSettings, with what to do instead."""
    if settings.policy not in POLICIES:
        raise UnusableSettings(f"there is no policy {settings.policy!r}: choose one of {', '.join(POLICIES)}")
    if settings.auth != "dev":
        raise UnusableSettings(f"there is no authentication {settings.auth!r}: choose dev")
    if not _is_loopback(settings.host):
        raise UnusableSettings(
            f"--auth dev believes whatever a client says, so it is for loopback addresses only, not {settings.host}"
        )


def _is_loopback(host: str) -> bool:
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)


def api_of(settings: Settings, ledger: Ledger) -> PlacementApi:
    """The API that these settings ask for."""
    return PlacementApi(ledger, auth.dev, POLICIES[settings.policy], Cors(frozenset(settings.cors_origins)))


def serve(settings: Settings, on_start: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests under way. Raises BerthError if it cannot begin.

    on_start: called when nothing stands in the way any more.
    """
    from granian import Granian
    from granian.constants import Interfaces

    check(settings)
    prepare_ledger(settings.database)  # say what is wrong with it here, not in each worker
    _check_port(settings)
    on_start()
    os.environ[SETTINGS_VARIABLE] = msgspec.json.encode(settings).decode()
    Granian(
        "berth.app:serving",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.workers,
        factory=True,
        websockets=False,
        log_enabled=False,
        backlog=2048,
        workers_kill_timeout=30,
        respawn_failed_workers=True,
    ).serve()


def _check_port(settings: Settings) -> None:
    try:
        with socket.create_server((settings.host, settings.port), reuse_port=False):
            pass
    except OSError as error:
        raise UnusableSettings(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None


def spare_collector() -> None:
    """Keep the garbage collector off the fleet, which lives as long as the process, and off single replies.

    Walking all of it, for nothing, is what the slowest of a thousand finds would otherwise wait for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _opened(url: str) -> Ledger:
    """The ledger, as soon as its database answers: a worker that ended instead would take the whole server with it."""
    while True:
        try:
            return open_ledger(url)
        except Unavailable as error:
            _LOG.warning("%s: trying again", error)
            time.sleep(1)


def serving() -> Any:
    """A worker process's application."""
    settings = msgspec.json.decode(os.environ[SETTINGS_VARIABLE], type=Settings)
    # A thread that waits for the interpreter gets it after this long: commits should not wait for finds.
    sys.setswitchinterval(0.0005)
    try:
        ledger = _opened(settings.database)
    except DatabaseUnusable as error:
        raise SystemExit(f"berth: {error}") from None
    spare_collector()
    embedded = ledger.core.database.capabilities.embedded
    server = Server(api_of(settings, ledger), None if embedded else ThreadPoolExecutor(THREADS, "berth"))

    async def application(scope: Any, protocol: Any) -> None:
        await server(scope, protocol)

    return application
