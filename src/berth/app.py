"""The composition root: the only place where everything meets."""

from __future__ import annotations

import gc
import logging
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from berth.api.auth import configured
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES, Policy
from berth.api.auth.policy_file import read_policy
from berth.api.http import tls_proxy
from berth.api.http.app import App
from berth.api.http.cors import Cors
from berth.api.http.forwarded import ClientAddresses
from berth.api.http.limits import Limiter
from berth.api.http.mounts import Mounts
from berth.api.http.observer import RequestObserver
from berth.api.http.server import Application, Server
from berth.api.http.shutdown import block_signals, forget_in_children
from berth.api.ops.access_log import AccessLog
from berth.api.ops.anomaly_scanner import AnomalyScanner
from berth.api.ops.debug_log import DebugLog
from berth.api.ops.health import Liveness, Readiness
from berth.api.placement.app import PlacementApp
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.ledger import Ledger, open_ledger, prepare_ledger
from berth.ledger.observer import CommitObserver, CommitObservers
from berth.logs.redaction import redaction, secrets_in
from berth.logs.setup import Logging
from berth.model.anomaly import Anomalies
from berth.model.errors import BerthError, Unavailable
from berth.settings import Otel, Settings, Tls
from berth.web.app import Dashboard

if TYPE_CHECKING:
    from berth.api.ops.metrics import MetricsRegistry

_LOG = logging.getLogger("berth")

METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client is told the folder that all workers count in. It is read when that is imported."""

METRICS_OPERATION: Final = "metrics.show"

THREADS: Final = 8
"""How many threads wait for a database behind a network, in one process."""


_AS_IT_IS: Final[dict[str, Any]] = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""How Granian is to set logging up: not at all."""


class UnusableSettings(BerthError):
    """Settings that cannot be served with."""


class Handed(msgspec.Struct, frozen=True):
    """What worker processes are handed. front: the folder of the TLS front, if there is one."""

    settings: Settings
    front: str | None


def check(settings: Settings) -> None:
    """UnusableSettings, with what to do instead."""
    policy_of(settings)
    configured.check(settings)
    _check_tls(settings.tls)
    _check_otel(settings.otel)


def policy_of(settings: Settings) -> Policy:
    """Who may do what; UnusableSettings or PolicyUnusable."""
    if settings.policy_file:
        return read_policy(Path(settings.policy_file))
    if settings.policy not in POLICIES:
        raise UnusableSettings(f"there is no policy {settings.policy!r}: choose one of {', '.join(POLICIES)}")
    return POLICIES[settings.policy]


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
        import berth.api.ops.traces  # noqa: F401 - can it be had?
    except ModuleNotFoundError as error:
        raise UnusableSettings(
            f"otel.endpoint is set, but {error.name} is not installed: install berth[otel], or do not set it"
        ) from None


def site_of(
    settings: Settings,
    ledger: Ledger,
    feed: Feed,
    limiter: Limiter,
    counting: MetricsRegistry,
    anomalies: Callable[[], Anomalies] | None = None,
) -> Mounts:
    """Everything that these settings ask to be served. anomalies: what a lookout has found, if there is one."""
    policy = policy_of(settings)
    lacking = policy.lacks({*PlacementApp.operations(), *V1App.operations(), METRICS_OPERATION})
    if lacking:
        raise UnusableSettings(f"the policy {policy.name} says nothing of {', '.join(lacking)}")
    # Where everybody is believed there is nothing to guess.
    guessed = None if "dev" in settings.auth else limiter.guessed
    gate = Gate(ledger, configured.authentications(settings, ledger), policy, guessed, settings.auth, settings.limits)
    faces: dict[str, App] = {
        "v1": V1App(gate, feed, mints="token" in settings.auth, anomalies=anomalies),
        "metrics": counting.face(gate, public=settings.metrics_public, anomalies=anomalies),
        "healthz": Liveness(),
        "readyz": Readiness(ledger),
        "ui": Dashboard(),
    }
    cors = Cors(frozenset(settings.cors_origins))
    return Mounts(PlacementApp(gate), faces, cors, waits=gate.waits, at_once=("healthz", "readyz", "ui"))


def serve(settings: Settings, on_start: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests under way. Raises BerthError if it cannot begin.

    on_start: called when nothing stands in the way any more.
    """
    logging_of(settings).take_over()
    check(settings)
    prepare_ledger(settings.url)  # say what is wrong with it here, not in each worker
    _check_port(settings)
    with ExitStack() as stack:
        os.environ[METRICS_VARIABLE] = stack.enter_context(TemporaryDirectory(prefix="berth-metrics-"))
        address, behind = (settings.host, settings.port), None
        if settings.tls.client_ca:
            behind = Path(stack.enter_context(TemporaryDirectory(prefix="berth-")))
            address = ("127.0.0.1", _free_port())
            tls_proxy.start(
                tls_proxy.ProxyAddress(settings.host, settings.port, address[1], behind),
                tls_proxy.context_of(settings.tls),
            )
        on_start()
        _serve_in_workers(Handed(settings, None if behind is None else str(behind)), address)


def _serve_in_workers(handed: Handed, address: tuple[str, int]) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    settings = handed.settings
    server = Granian(
        "berth.app:worker",
        address=address[0],
        port=address[1],
        interface=Interfaces.RSGI,
        workers=settings.workers,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_AS_IT_IS,
        backlog=2048,
        workers_kill_timeout=30,
        respawn_failed_workers=True,
        http1_settings=HTTP1Settings(header_read_timeout=round(settings.limits.slow_seconds * 1000)),
        **({} if handed.front else _tls_of(settings.tls)),
    )
    forget_in_children()
    # Handed over through a pipe: an environment, or words of a command, can be read from outside of the process.
    server.serve(target_loader=partial(worker, handed), wrap_loader=False)


def logging_of(settings: Settings) -> Logging:
    """How a process with these settings logs: without their secrets."""
    return Logging(settings.log, secrets_of(settings))


def secrets_of(settings: Settings) -> list[str]:
    """The secrets that these settings hold or lead to, those that can be read."""
    files = (settings.database_password_file, settings.keystone.password_file, settings.secret_file)
    secrets = [*secrets_in(settings.database), *secrets_in(settings.otel.endpoint)]
    for file in filter(None, files):
        with suppress(OSError, UnicodeDecodeError):
            secrets.append(Path(file).read_text(encoding="utf-8").strip())
    return secrets


def _tls_of(tls: Tls) -> dict[str, Any]:
    """TLS by the server itself, where no client certificates count."""
    from granian.constants import SSLProtocols

    if not tls.cert:
        return {}
    key = Path(tls.key or tls.cert)
    return {"ssl_cert": Path(tls.cert), "ssl_key": key, "ssl_protocol_min": SSLProtocols.tls12}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


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


def _opened(settings: Settings) -> Ledger:
    """The ledger, as soon as its database answers: a worker that ended instead would take the whole server with it."""
    while True:
        try:
            return open_ledger(settings.url, secret_file=settings.secret_file)
        except Unavailable as error:
            _LOG.warning("%s: trying again", error)
            time.sleep(1)


def worker(handed: Handed) -> Any:
    """A worker process's application."""
    log = logging_of(handed.settings)
    log.take_over()
    # A thread that waits for the interpreter gets it after this long: commits should not wait for finds.
    sys.setswitchinterval(0.0005)
    try:
        return _application(handed, log)
    except BerthError as error:  # no fault of Berth's: where it was noticed tells nobody anything
        _LOG.error("%s", error)
    except Exception:  # noqa: BLE001 - the log says what
        _LOG.exception("a worker could not begin")
    raise SystemExit(1)


def _application(handed: Handed, log: Logging) -> Application:
    from berth.api.ops.metrics import MetricsRegistry  # not before the variable is set that it goes by

    settings = handed.settings
    ledger = _opened(settings)
    block_signals()  # until the loop runs, which then hears of them
    spare_collector()
    embedded = ledger.embedded
    feed, counting = Feed(ledger), MetricsRegistry()
    lookout = AnomalyScanner(ledger, Path(os.environ[METRICS_VARIABLE]))
    lookout.start()
    watching = _watching(settings, log, counting)
    ledger.observe(watching.observer)
    counting.meter.at(ledger.known_head)
    limiter = Limiter(settings.limits, settings.workers)
    server = Server(
        site_of(settings, ledger, feed, limiter, counting, lookout.told),
        ledger,
        None if embedded else ThreadPoolExecutor(THREADS, "berth"),
        limiter,
        ClientAddresses(settings.trusted_proxies, None if handed.front is None else Path(handed.front)),
        watching.onlookers,
    )

    def stop() -> None:
        feed.close()
        lookout.close()

    return Application(server, stop, watching.end)


class _Watching(NamedTuple):
    """Who is told of requests, and who of commits; end: lets them finish."""

    onlookers: tuple[RequestObserver, ...]
    observer: CommitObserver
    end: Callable[[], None]


def _watching(settings: Settings, log: Logging, counting: MetricsRegistry) -> _Watching:
    onlookers: list[RequestObserver] = [counting.meter]
    witnesses: list[CommitObserver] = [counting.meter]
    endings = [log.end]
    if log.debugs:
        witnesses.append(DebugLog())
    if settings.otel.endpoint:
        from berth.api.ops.traces import traces  # not everybody has what it needs

        tracing = traces(settings.otel, redaction(secrets_of(settings)))
        onlookers.append(tracing)
        witnesses.append(tracing)
        endings.insert(0, tracing.end)
    if settings.log.access:
        onlookers.append(AccessLog(log.info))
    observer = CommitObservers(*witnesses) if witnesses[1:] else counting.meter
    return _Watching(tuple(onlookers), observer, lambda: _each(endings))


def _each(endings: Iterable[Callable[[], None]]) -> None:
    for end in endings:
        end()
