"""Counters and histograms of requests and commits, summed over workers in files that outlive each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from berth.api.http.messages import Request
from berth.api.http.observer import Answered
from berth.api.ops.hold_metrics import HoldMetrics
from berth.api.v1.problems import OF_HTTP
from berth.ledger.observer import CommitObserver
from berth.model.errors import BerthError, Conflict
from berth.model.problems import kind_of, known

METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Methods with a label of their own: clients can send any number of other ones."""

SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
COMMANDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class RequestMetrics(CommitObserver):
    """Counts requests, commits and refusals. Label values come from Berth's tables, never from a client."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "berth_requests", "Requests answered.", ("api", "method", "operation", "status"), registry=registry
        )
        self._seconds = Histogram(
            "berth_request_seconds",
            "Time from a request's headers to its reply.",
            ("api", "operation"),
            buckets=SECONDS,
            registry=registry,
        )
        self._refusals = Counter("berth_refusals", "Requests refused, by kind.", ("kind",), registry=registry)
        self._batches = Histogram(
            "berth_batch_commands", "Commands carried out in one commit.", buckets=COMMANDS, registry=registry
        )
        self._commits = Histogram("berth_commit_seconds", "Duration of one commit.", buckets=SECONDS, registry=registry)
        self._retries = Counter("berth_commit_retries", "Retries of commits.", registry=registry)
        self._conflicts = Counter(
            "berth_conflicts",
            "Commands refused because of the ledger's state, by kind.",
            ("kind",),
            registry=registry,
        )
        self._failures = Counter(
            "berth_failed_commands", "Commands refused for other reasons, by kind.", ("kind",), registry=registry
        )
        replays = "Commands answered from the answer stored for their idempotency key."
        self._replays = Counter("berth_replayed_commands", replays, registry=registry)
        self._changes = Counter(
            "berth_followed_changes", "Changes of other workers and servers that were applied.", registry=registry
        )
        self._following = Histogram(
            "berth_catch_up_seconds", "Duration of applying changes of others.", buckets=SECONDS, registry=registry
        )
        self._head = Gauge(
            "berth_worker_head",
            "Number of the last change that the slowest worker has applied.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        Gauge("berth_workers", "Worker processes.", multiprocess_mode="livesum", registry=registry).set(1)
        self._holds = HoldMetrics(registry)
        self._counters: dict[tuple[str, str, str, int], Callable[[float], None]] = {}

    def began(self, request: Request) -> None:
        """See RequestObserver."""

    def answered(self, request: Request, answer: Answered) -> None:
        """See RequestObserver."""
        api, status, seconds = answer.app, answer.status, answer.seconds
        key = (api, request.method, request.info.operation, status)
        count = self._counters.get(key)
        if count is None:
            count = self._counter(*key)
            if request.method in METHODS:  # bounded, as the labels are
                self._counters[key] = count
        count(seconds)

    def _counter(self, api: str, method: str, operation: str, status: int) -> Callable[[float], None]:
        operation = operation or "none"
        named = method if method in METHODS else "other"
        requests = self._requests.labels(api, named, operation, f"{status // 100}xx")
        seconds = self._seconds.labels(api, operation)
        refusals = self._refusals.labels(OF_HTTP.get(status, "other")) if status >= 400 else None

        def count(took: float) -> None:
            requests.inc()
            seconds.observe(took)
            if refusals is not None:
                refusals.inc()

        return count

    def at(self, head: int) -> None:
        """Note that this process has applied all changes up to this one."""
        self._head.set(head)

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        self._batches.observe(len(requests))
        self._commits.observe((ended_ns - began_ns) / 1e9)

    def claims_changed(self, events: Sequence[str]) -> None:
        """See CommitObserver."""
        self._holds.add(events)

    def tried_again(self) -> None:
        """See CommitObserver."""
        self._retries.inc()

    def refused(self, error: Exception) -> None:
        """See CommitObserver."""
        (self._conflicts if isinstance(error, Conflict) else self._failures).labels(_kind(error)).inc()

    def replayed(self) -> None:
        """See CommitObserver."""
        self._replays.inc()

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See CommitObserver."""
        self._changes.inc(changes)
        self._following.observe(seconds)
        self._head.set(head)


def _kind(error: Exception) -> str:
    """Return an error's name, as in the types of problems."""
    return kind_of(known(error)) if isinstance(error, BerthError) else "failed"
