"""Error replies, in the form that the client accepts: JSON, HTML or plain text."""

from __future__ import annotations

import html
import json
import logging
from typing import Any

from berth.api.http.messages import REASONS, HttpError, Reply, retry_after
from berth.api.http.negotiation import negotiate
from berth.model.errors import DatabaseUnusable, Unavailable


def error_reply(error: HttpError, accept: str, *, request_id: str, code: str | None, more: dict[str, Any]) -> Reply:
    """Return the reply for one error. code: Placement's, None for none; more: further members of the JSON form."""
    title = REASONS.get(error.status, "Error")
    kinds = negotiate(accept, ("text/html", "application/json")) if accept not in ("", "*/*") else ["application/json"]
    kind = kinds[0] if kinds else "text/plain"
    if kind == "application/json":
        members = {"status": error.status, "title": title, "detail": error.detail}
        if code is not None:
            members["code"] = code
        members["request_id"] = request_id
        body = json.dumps({"errors": [{**members, **more}]})
    elif kind == "text/html":
        body = (
            f"<html>\n<head><title>{error.status} {title}</title></head>\n"
            f"<body><h1>{error.status} {title}</h1>\n<p>{html.escape(error.detail)}</p></body>\n</html>\n"
        )
    else:
        body = f"{error.status} {title}\n\n{error.detail}\n"
    content_type = kind if kind == "application/json" else f"{kind}; charset=UTF-8"
    return Reply(error.status, [("content-type", content_type), *error.headers], body.encode())


_LOG = logging.getLogger("berth")


def unavailable(error: Unavailable | DatabaseUnusable, request_id: str) -> HttpError:
    """Return a 503 whose text does not reveal the database. The log has the details, with the request's id."""
    _LOG.warning("%s: answered with 503, for %s", request_id, error)
    detail = "The database cannot be used at the moment; the server's log says why."
    if isinstance(error, Unavailable):
        detail = "The database is unavailable or busy. Try again."
    return HttpError(503, detail, headers=retry_after())
