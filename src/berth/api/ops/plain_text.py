"""What the faces of operators have in common: one path each, to be asked for only, and answers in plain text."""

from __future__ import annotations

from berth.api.http.error_response import error_reply
from berth.api.http.messages import HttpError, Reply, Request

TEXT = "text/plain; charset=utf-8"
_ALLOWED = "GET, HEAD"


def check(request: Request, path: str) -> None:
    """HttpError 404 or 405, unless this asks for just that path."""
    if request.path != path:
        raise HttpError(404, f"There is nothing here but {path}.")
    if request.method not in ("GET", "HEAD"):
        raise HttpError(405, f"This takes {_ALLOWED}.", headers=(("allow", _ALLOWED),))


def plain(request: Request, status: int, text: str, kind: str = TEXT) -> Reply:
    """A reply of plain text, which nobody is to keep."""
    reply = Reply(status, [("content-type", kind), ("cache-control", "no-store")], text.encode())
    return _signed(request, reply)


def told(request: Request, error: HttpError) -> Reply:
    """A refusal, in plain text."""
    return _signed(request, error_reply(error, "text/plain", request_id=request.id, code=None, more={}))


def _signed(request: Request, reply: Reply) -> Reply:
    reply.headers.append(("x-openstack-request-id", request.id))
    if request.method == "HEAD":
        reply.body = b""
    return reply
