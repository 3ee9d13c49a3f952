"""Cross-origin requests from browsers (the Fetch standard), for the origins that are allowed."""

from __future__ import annotations

from dataclasses import dataclass

from berth.api.http.messages import Reply, Request

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
REQUEST_HEADERS = (
    "openstack-api-version",
    "content-type",
    "x-auth-token",
    "if-none-match",
    "last-event-id",
    "idempotency-key",
)
SHOWN_HEADERS = (
    "openstack-api-version,x-openstack-request-id,location,etag,retry-after,link,berth-bounded,idempotency-replayed"
)


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins whose pages may use this server. Without any, no CORS header is ever sent."""

    origins: frozenset[str]

    def preflight(self, request: Request) -> Reply | None:
        """Return the reply to a preflight request; None if this is not one."""
        if not self.origins or request.method != "OPTIONS":
            return None
        reply = Reply(200)
        requested = request.headers.get("access-control-request-headers", "")
        headers = [name.strip().lower() for name in requested.split(",") if name.strip()]
        may = request.headers.get("access-control-request-method") in METHODS and set(headers) <= set(REQUEST_HEADERS)
        if may and self._allowed(request):
            _allow_reading(request, reply)
            reply.headers.append(("access-control-allow-methods", ", ".join(METHODS)))
            if headers:
                reply.headers.append(("access-control-allow-headers", ", ".join(headers)))
        return reply

    def sign(self, request: Request, reply: Reply) -> None:
        """Let a page of an allowed origin read the reply. Replies to preflight requests have these headers already."""
        if request.method != "OPTIONS" and self._allowed(request):
            _allow_reading(request, reply)

    def _allowed(self, request: Request) -> bool:
        return request.headers.get("origin") in self.origins


def _allow_reading(request: Request, reply: Reply) -> None:
    reply.headers += [
        ("access-control-allow-origin", request.headers["origin"]),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", SHOWN_HEADERS),
        ("vary", "Origin"),
    ]
