"""The access log: a line for each answered request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from berth.api.http.messages import Request
from berth.api.http.observer import Answered


class AccessLog:
    """Writes a line for each answered request. info: receives its fields.

    The query is left out, because tokens are sometimes put there by mistake.
    """

    def __init__(self, info: Callable[[dict[str, Any]], None]) -> None:
        self._info = info

    def began(self, request: Request) -> None:
        """See RequestObserver."""

    def answered(self, request: Request, answer: Answered) -> None:
        """See RequestObserver."""
        info = request.info
        line = {
            "event": "request",
            "logger": "berth.access",
            "method": request.method,
            "path": request.path,
            "status": answer.status,
            "seconds": round(answer.seconds, 6),
            "bytes": answer.size,
            "api": answer.app,
            "operation": info.operation,
            "caller": info.caller.called,
            "address": request.address,
            "request": request.id,
        }
        if info.trace:
            line["trace"] = info.trace
        self._info(line)
