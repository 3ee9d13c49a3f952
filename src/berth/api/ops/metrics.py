"""/metrics: all metrics, for Prometheus."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

import berth
from berth.api.auth.gate import Gate
from berth.api.http.app import AsyncReply
from berth.api.http.messages import HttpError, Reply, Request
from berth.api.ops import plain_text
from berth.api.ops.anomaly_metrics import AnomalyMetrics
from berth.api.ops.fleet_metrics import FleetMetrics
from berth.api.ops.lease_metrics import LeaseMetrics
from berth.api.ops.process_metrics import ProcessMetrics, WorkerCounts, workers
from berth.api.ops.project_metrics import ProjectMetrics
from berth.api.ops.request_metrics import RequestMetrics
from berth.api.ops.single_flight import SingleFlight
from berth.api.ops.version_metrics import VersionMetrics
from berth.model.anomaly import Anomalies
from berth.model.caller import Caller
from berth.model.consumer import ProjectPage
from berth.model.errors import BerthError
from berth.model.lease import LeaseState
from berth.model.overview import Overview

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable with the folder that all workers share. prometheus-client reads it when it is imported."""

OPERATION: Final = "metrics.show"
FLEET_S: Final = 2.0
"""How long to wait for the fleet; after that its last known figures are returned."""


class MetricsApp:
    """/metrics. public: without authentication.

    registry: of this process's meter; with several processes the counts of all are read from the shared folder.
    anomalies: returns the findings of the anomaly scanner, if one runs; projects: how many have metrics of their own.
    """

    def __init__(
        self,
        gate: Gate,
        meter: RequestMetrics,
        versions: VersionMetrics,
        registry: CollectorRegistry,
        *,
        public: bool = False,
        anomalies: Callable[[], Anomalies] | None = None,
        projects: int = 0,
    ) -> None:
        self._gate, self._meter, self._registry, self._public = gate, meter, registry, public
        self._anomalies, self._versions = anomalies, versions
        self._numbers = SingleFlight("metrics", self._overview)
        self._last: Overview | None = None
        self._leases: dict[LeaseState, int] | None = None
        self._last_at = (0, 0)
        self._projects, self._last_projects = projects, ProjectPage([], None)
        self._project_numbers = SingleFlight("project-metrics", self._read_projects)

    @staticmethod
    def operations() -> Iterator[str]:
        """Return the operations for which the policy needs a rule."""
        return iter((OPERATION,))

    def identify(self, request: Request) -> None:
        """Authenticate the caller, unless public; raise HttpError."""
        plain_text.check(request, "/metrics")
        request.info.operation = OPERATION
        if not self._public:
            self._gate.authenticate(request)

    def handle(self, request: Request) -> Reply | AsyncReply:
        """Authenticate the caller unless public, and return the metrics."""
        caller: Caller | None = None
        try:
            plain_text.check(request, "/metrics")
            request.info.operation = OPERATION
            if not self._public:
                caller = self._gate.authenticate(request)
                self._gate.authorize(OPERATION, caller)
        except HttpError as error:
            self._gate.record_refusal(request, error, caller, OPERATION)
            return plain_text.error(request, error)
        except BerthError:
            return plain_text.error(request, HttpError(503, "The caller cannot be authenticated at the moment."))
        return AsyncReply(self._reply(request))

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
        self._gate.record_refusal(request, error, None, OPERATION)
        return plain_text.error(request, error)

    async def _reply(self, request: Request) -> Reply:
        answers, ledger = True, self._gate.ledger
        try:
            self._last = await self._numbers.result(FLEET_S)
        except (BerthError, TimeoutError):
            answers = False
        collectors: list[Collector] = [
            FleetMetrics(self._last, answers=answers, damaged=len(ledger.damaged_entries), timed=ledger.timed_claims)
        ]
        collectors.append(LeaseMetrics(self._leases, self._gate.ledger.clock_skew_s))
        if self._anomalies is not None:
            end = ledger.known_position.audit_number
            collectors.append(AnomalyMetrics(self._anomalies(), end))
        if self._projects and self._last is not None:
            with suppress(BerthError, TimeoutError):
                self._last_projects = await self._project_numbers.result(FLEET_S)
            collectors.append(ProjectMetrics(self._last_projects, self._last))
        text = await asyncio.to_thread(_text, self._registry, collectors)
        return plain_text.plain(request, 200, text, CONTENT_TYPE_PLAIN_0_0_4)

    def _read_projects(self) -> ProjectPage:
        return self._gate.ledger.projects(limit=self._projects)

    def _overview(self) -> Overview:
        ledger, last = self._gate.ledger, self._last
        ledger.ping()
        now = ledger.known_head, ledger.lapsed_at
        fresh = last if last is not None and self._last_at == now else ledger.overview()
        self._last_at = now
        self._leases = ledger.leases.count()
        self._meter.at(fresh.head)
        self._versions.read_figures()
        return fresh


class MetricsRegistry:
    """This process's counts, and the app that shows those of all workers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.meter = RequestMetrics(self._registry)
        self.versions = VersionMetrics(self._registry)

    def app(
        self, gate: Gate, *, public: bool, anomalies: Callable[[], Anomalies] | None = None, projects: int = 0
    ) -> MetricsApp:
        """Return the app at /metrics."""
        return MetricsApp(
            gate, self.meter, self.versions, self._registry, public=public, anomalies=anomalies, projects=projects
        )


class _Build(Collector):
    """The version of Berth."""

    def collect(self) -> Iterator[Metric]:
        """Yield one metric, which is always 1."""
        yield InfoMetricFamily("berth_build", "The version of Berth.", value={"version": berth.__version__})


def _text(registry: CollectorRegistry, collectors: Iterable[Collector]) -> str:
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        counted, pids = registry, [os.getpid()]
    else:
        pids = workers(Path(folder))
        counted = CollectorRegistry(auto_describe=False)
        counted.register(WorkerCounts(folder))
    current = CollectorRegistry(auto_describe=False)
    for collector in (*collectors, ProcessMetrics(pids), _Build()):
        current.register(collector)
    return (generate_latest(counted) + generate_latest(current)).decode()
