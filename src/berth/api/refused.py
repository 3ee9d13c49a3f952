"""Refusals as replies, in the form that the client accepts: JSON, HTML or plain text."""

from __future__ import annotations

import html
import json
from typing import Any

from berth.api.accept import acceptable
from berth.api.http import REASONS, HttpError, Reply


def refused(error: HttpError, accept: str, *, request_id: str, code: str | None, more: dict[str, Any]) -> Reply:
    """One error. code: Placement's, None in versions that have none; more: further members of the JSON form."""
    title = REASONS.get(error.status, "Error")
    kinds = acceptable(accept, ("text/html", "application/json")) if accept not in ("", "*/*") else ["application/json"]
    kind = kinds[0] if kinds else "text/plain"
    if kind == "application/json":
        told = {"status": error.status, "title": title, "detail": error.detail}
        if code is not None:
            told["code"] = code
        told["request_id"] = request_id
        body = json.dumps({"errors": [{**told, **more}]})
    elif kind == "text/html":
        body = (
            f"<html>\n<head><title>{error.status} {title}</title></head>\n"
            f"<body><h1>{error.status} {title}</h1>\n<p>{html.escape(error.detail)}</p></body>\n</html>\n"
        )
    else:
        body = f"{error.status} {title}\n\n{error.detail}\n"
    content_type = kind if kind == "application/json" else f"{kind}; charset=UTF-8"
    return Reply(error.status, [("content-type", content_type), *error.headers], body.encode())
