"""A collector of traces, as OTLP over HTTP has it: takes what exporters send, and keeps the spans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A span as it was sent. process: the instance that sent it; links: the ids of spans."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    facts: dict[str, Any]
    status: int
    began_ns: int
    ended_ns: int
    process: str


@dataclass(slots=True)
class Collector:
    """url: where it is; spans: what it was sent; resources: who sent them."""

    url: str
    spans: list[Sent] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)

    def take(self, body: bytes) -> None:
        for of in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = facts_of(of.resource.attributes)
            self.resources.append(resource)
            for scope in of.scope_spans:
                self.spans += [_sent(span, resource["service.instance.id"]) for span in scope.spans]

    def about(self, request: str) -> Sent:
        """The span of a request."""
        (span,) = (each for each in self.spans if each.facts.get("berth.request_id") == request)
        return span

    def below(self, span: Sent) -> dict[str, Sent]:
        """Its children by name."""
        return {each.name: each for each in self.spans if each.parent == span.id}


def facts_of(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def _sent(span: Any, process: str) -> Sent:
    return Sent(
        name=span.name,
        kind=span.kind,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        facts=facts_of(span.attributes),
        status=span.status.code,
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        process=process,
    )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens, until the end."""
    collector = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.paths.add(self.path)
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name for it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
