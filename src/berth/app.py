"""The composition root: from settings to one worker's application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from berth.api.auth import configured
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES, Policy
from berth.api.auth.policy_file import read_policy
from berth.api.http.app import App
from berth.api.http.application import Application
from berth.api.http.cors import Cors
from berth.api.http.forwarded import ClientAddresses
from berth.api.http.limits import Limiter
from berth.api.http.mounts import Mounts
from berth.api.http.observer import RequestObserver
from berth.api.http.refusals import RefusalLog
from berth.api.http.server import Server
from berth.api.http.threads import Threads
from berth.api.ops.access_log import AccessLog
from berth.api.ops.anomaly_scanner import AnomalyScanner
from berth.api.ops.debug_log import DebugLog
from berth.api.ops.health import Liveness, Readiness
from berth.api.ops.lapse_timer import LapseTimer
from berth.api.ops.summary_keeper import SummaryKeeper
from berth.api.placement.app import PlacementApp
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.ledger import Ledger
from berth.ledger.observer import CommitObserver, CommitObservers
from berth.logs.redaction import redaction, secrets_in
from berth.logs.setup import Logging
from berth.model.anomaly import Anomalies
from berth.model.errors import BerthError
from berth.settings import Settings
from berth.web.app import Dashboard

if TYPE_CHECKING:
    from berth.api.ops.metrics import MetricsRegistry

METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable with the folder in which all workers count. prometheus-client reads it when it is imported."""

METRICS_OPERATION: Final = "metrics.show"


class UnusableSettings(BerthError):
    """Settings that cannot be served with."""


def policy_of(settings: Settings) -> Policy:
    """Return the policy of these settings; raise UnusableSettings or PolicyUnusable."""
    if settings.policy_file:
        return read_policy(Path(settings.policy_file))
    if settings.policy not in POLICIES:
        raise UnusableSettings(f"there is no policy {settings.policy!r}: choose one of {', '.join(POLICIES)}")
    return POLICIES[settings.policy]


def logging_of(settings: Settings) -> Logging:
    """Return how a process with these settings logs: with their secrets redacted."""
    return Logging(settings.log, secrets_of(settings))


def secrets_of(settings: Settings) -> list[str]:
    """Return the secrets that these settings contain or point to; unreadable files are skipped."""
    files = (settings.database_password_file, settings.keystone.password_file, settings.secret_file)
    secrets = [*secrets_in(settings.database), *secrets_in(settings.otel.endpoint)]
    for file in filter(None, files):
        with suppress(OSError, UnicodeDecodeError):
            secrets.append(Path(file).read_text(encoding="utf-8").strip())
    return secrets


def mounts_of(
    settings: Settings,
    ledger: Ledger,
    feed: Feed,
    limiter: Limiter,
    registry: MetricsRegistry,
    anomalies: Callable[[], Anomalies] | None = None,
) -> Mounts:
    """Return every app that these settings ask to be served. anomalies: those that a scanner has found, if one runs."""
    policy = policy_of(settings)
    lacking = policy.lacks({*PlacementApp.operations(), *V1App.operations(), METRICS_OPERATION})
    if lacking:
        raise UnusableSettings(f"the policy {policy.name} has no rule for {', '.join(lacking)}")
    # With "dev" every token is accepted, so no caller guesses one.
    guessed = None if "dev" in settings.auth else limiter.guessed
    refusals = RefusalLog(ledger.record_refusal, _share(settings.limits.refusal_records, settings.workers))
    ways = configured.authentications(settings, ledger)
    gate = Gate(ledger, ways, policy, guessed, settings.auth, settings.limits, refusals.add)
    apps: dict[str, App] = {
        "v1": V1App(gate, feed, mints="token" in settings.auth, anomalies=anomalies),
        "metrics": registry.app(
            gate, public=settings.metrics_public, anomalies=anomalies, projects=settings.metrics_projects
        ),
        "healthz": Liveness(),
        "readyz": Readiness(ledger),
        "ui": Dashboard(),
    }
    cors = Cors(frozenset(settings.cors_origins))
    at_once = ("healthz", "readyz", "ui")
    return Mounts(PlacementApp(gate), apps, cors, waits=gate.waits, at_once=at_once, refusals=refusals)


def _share(number: int, workers: int) -> int:
    """Return one worker's share of a number, at least 1; 0 of 0."""
    return max(1, number // workers) if number else 0


def application(settings: Settings, ledger: Ledger, log: Logging, proxy: str | None) -> Application:
    """Return one worker's application over its ledger. proxy: the folder of the TLS proxy, None without one."""
    from berth.api.ops.metrics import MetricsRegistry  # imports prometheus-client, which reads METRICS_VARIABLE

    feed, registry, threads = Feed(ledger), MetricsRegistry(), Threads()
    scanner = AnomalyScanner(ledger, Path(os.environ[METRICS_VARIABLE]), turn=threads.turn)
    background = (scanner, LapseTimer(ledger), SummaryKeeper(ledger))
    for thread in background:
        thread.start()
    observers = _observers(settings, log, registry)
    ledger.observe(observers.commits)
    registry.meter.at(ledger.known_head)
    registry.versions.read_memory = ledger.read_memory
    limiter = Limiter(settings.limits, settings.workers)
    mounts = mounts_of(settings, ledger, feed, limiter, registry, scanner.anomalies)
    server = Server(
        mounts,
        ledger,
        threads,
        limiter,
        ClientAddresses(settings.trusted_proxies, None if proxy is None else Path(proxy)),
        observers.requests,
    )

    def stop() -> None:
        feed.close()
        for thread in background:
            thread.close()

    def end() -> None:
        if mounts.refusals is not None:
            mounts.refusals.flush()
            ledger.work()
        observers.end()

    return Application(server, stop, end)


class _Observers(NamedTuple):
    """The observers of requests and of commits; end: flushes and stops them."""

    requests: tuple[RequestObserver, ...]
    commits: CommitObserver
    end: Callable[[], None]


def _observers(settings: Settings, log: Logging, registry: MetricsRegistry) -> _Observers:
    requests: list[RequestObserver] = [registry.meter]
    commits: list[CommitObserver] = [registry.meter, registry.versions]
    ends = [log.end]
    if log.debugs:
        commits.append(DebugLog())
    if settings.otel.endpoint:
        from berth.api.ops.traces import traces  # an extra: berth[otel]

        tracing = traces(settings.otel, redaction(secrets_of(settings)))
        requests.append(tracing)
        commits.append(tracing)
        ends.insert(0, tracing.end)
    if settings.log.access:
        requests.append(AccessLog(log.info))
    return _Observers(tuple(requests), CommitObservers(*commits), lambda: _call_each(ends))


def _call_each(functions: Iterable[Callable[[], None]]) -> None:
    for function in functions:
        function()
