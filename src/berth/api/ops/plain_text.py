"""Plain-text replies of the apps for operators, each of which has a single path."""

from __future__ import annotations

from berth.api.http.error_response import error_reply
from berth.api.http.messages import HttpError, Reply, Request

TEXT = "text/plain; charset=utf-8"
_ALLOWED = "GET, HEAD"


def check(request: Request, path: str) -> None:
    """Raise HttpError 404 or 405 unless this is a GET or HEAD of the path."""
    if request.path != path:
        raise HttpError(404, f"Nothing at this path: use {path}.")
    if request.method not in ("GET", "HEAD"):
        raise HttpError(405, f"This method is not allowed: use {_ALLOWED}.", headers=(("allow", _ALLOWED),))


def plain(request: Request, status: int, text: str, kind: str = TEXT) -> Reply:
    """Return a reply of plain text, which must not be cached."""
    reply = Reply(status, [("content-type", kind), ("cache-control", "no-store")], text.encode())
    return _with_headers(request, reply)


def error(request: Request, refusal: HttpError) -> Reply:
    """Return an error as plain text."""
    return _with_headers(request, error_reply(refusal, "text/plain", request_id=request.id, code=None, more={}))


def _with_headers(request: Request, reply: Reply) -> Reply:
    reply.headers.append(("x-openstack-request-id", request.id))
    if request.method == "HEAD":
        reply.body = b""
    return reply
