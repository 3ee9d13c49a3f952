"""Traces (OpenTelemetry): a span for each request, with child spans for commits, finds and catching up.

Imported only if traces are sent: its dependencies come with `berth[otel]`. Names and attributes are those of
OpenTelemetry's semantic conventions for HTTP servers. The query is left out, because tokens are
sometimes put there by mistake.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

import berth
from berth.api.http.messages import Request
from berth.api.http.observer import Answered
from berth.api.ops.request_metrics import METHODS
from berth.api.placement.routes import OPERATIONS
from berth.api.v1.routes import ROUTES
from berth.ledger.observer import CommitObserver
from berth.logs.request_ids import REQUEST_IDS
from berth.settings import Otel

OTHER: Final = "_OTHER"
"""The conventions' name for an unknown method."""

MOST_OPEN: Final = 10_000
"""How many requests without a reply are remembered."""

END_S: Final = 3.0
"""How long a process waits at exit for its last spans to be sent."""

ROUTE_OF: Final = {
    **{("placement", each.name): each.path for each in OPERATIONS},
    **{("v1", each.name): each.path for each in ROUTES},
    **{(app, name): f"/{app}" for app, name in (("healthz", "healthz"), ("readyz", "readyz"))},
    ("metrics", "metrics.show"): "/metrics",
}
"""The path of each operation, with parameters in braces, by app and name."""


class Traces(CommitObserver):
    """Makes spans of requests and commits. redact: takes secrets out of text."""

    def __init__(self, provider: TracerProvider, redact: Callable[[str], str] = str) -> None:
        self._provider, self._redact = provider, redact
        self._tracer = provider.get_tracer("berth", berth.__version__)
        self._propagator = TraceContextTextMapPropagator()
        self._open: dict[str, Span] = {}

    def began(self, request: Request) -> None:
        """See RequestObserver. Continues the trace that the request names."""
        span = self._tracer.start_span(
            _method(request),
            context=self._propagator.extract(request.headers, Context()),
            kind=SpanKind.SERVER,
            attributes=self._request_attributes(request),
        )
        request.info.trace = f"{span.get_span_context().trace_id:032x}"
        if len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open)), None)
        self._open[request.id] = span

    def answered(self, request: Request, answer: Answered) -> None:
        """See RequestObserver."""
        span = self._open.pop(request.id, None)
        if span is None:
            return
        route = ROUTE_OF.get((answer.app, request.info.operation))
        if route is not None:
            span.update_name(f"{_method(request)} {route}")
            span.set_attribute("http.route", route)
        span.set_attributes(_reply_attributes(request, answer))
        if answer.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", str(answer.status))
        span.end()

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See CommitObserver. Part of the first request's trace, with links to the others."""
        spans = [span for each in requests if (span := self._open.get(each)) is not None]
        links = [Link(span.get_span_context()) for span in spans]
        self._add_span("commit", spans[:1], began_ns, ended_ns, {"berth.commands": len(requests)}, links)

    def found(self, began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        self._add_span("find", self._current_span(), began_ns, ended_ns, {})

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See CommitObserver."""
        now = time.time_ns()
        facts = {"berth.head": head, "berth.changes": changes}
        self._add_span("catch up", self._current_span(), now - int(seconds * 1e9), now, facts)

    def end(self) -> None:
        """Send the remaining spans, for at most END_S."""
        thread = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        thread.start()
        thread.join(END_S)

    def _current_span(self) -> list[Span]:
        """Return the span of the request that this thread works for, if there is one."""
        return [span for each in REQUEST_IDS.get() if (span := self._open.get(each)) is not None][:1]

    def _add_span(
        self,
        name: str,
        parent: Sequence[Span],
        began_ns: int,
        ended_ns: int,
        facts: Mapping[str, AttributeValue],
        links: Sequence[Link] = (),
    ) -> None:
        context = trace.set_span_in_context(parent[0], Context()) if parent else Context()
        span = self._tracer.start_span(name, context, attributes=facts, links=links, start_time=began_ns)
        span.end(ended_ns)

    def _request_attributes(self, request: Request) -> dict[str, AttributeValue]:
        attributes: dict[str, AttributeValue] = {
            "http.request.method": request.method if request.method in METHODS else OTHER,
            "url.path": self._redact(request.path),
            "url.scheme": request.scheme,
            "client.address": request.address,
            "berth.request_id": request.id,
        }
        if request.method not in METHODS:
            attributes["http.request.method_original"] = request.method[:32]
        attributes.update(_server_attributes(request.headers.get("host", "")))
        if "user-agent" in request.headers:
            attributes["user_agent.original"] = self._redact(request.headers["user-agent"][:256])
        return attributes


def _method(request: Request) -> str:
    return request.method if request.method in METHODS else "HTTP"


def _server_attributes(host: str) -> dict[str, AttributeValue]:
    """Return the server's address as the client's Host header gives it."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return {"server.address": name.strip("[]"), "server.port": int(port[:5])}
    return {"server.address": host.strip("[]")} if host else {}


def _reply_attributes(request: Request, answer: Answered) -> dict[str, AttributeValue]:
    return {
        "http.response.status_code": answer.status,
        "http.response.body.size": answer.size,
        "berth.operation": request.info.operation,
        "berth.caller": request.info.caller.called,
    }


def traces(settings: Otel, redact: Callable[[str], str]) -> Traces:
    """Return traces that are sent to the collector in the settings."""
    return traces_to(OTLPSpanExporter(endpoint=traces_url(settings.endpoint)), settings.service_name, redact)


def traces_to(exporter: SpanExporter, service: str, redact: Callable[[str], str] = str) -> Traces:
    """Return traces that a thread passes to an exporter; if it does not keep up, spans are dropped."""
    attributes = {
        "service.name": service,
        "service.version": berth.__version__,
        "service.instance.id": str(uuid.uuid4()),
    }
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Traces(provider, redact)


def traces_url(endpoint: str) -> str:
    """Return the URL for traces: /v1/traces below the collector's address, unless that has a path of its own."""
    return endpoint if urlsplit(endpoint).path.strip("/") else f"{endpoint.rstrip('/')}/v1/traces"
