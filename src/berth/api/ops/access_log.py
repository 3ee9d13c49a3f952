"""The log of requests: a line for each, once it is known how it was answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from berth.api.http.messages import Request
from berth.api.http.observer import Answered


class AccessLog:
    """An onlooker that writes lines. info: what takes one, as its fields.

    The query is left out: whoever misplaces a token puts it there.
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
            "face": answer.app,
            "operation": info.operation,
            "caller": info.caller,
            "address": request.address,
            "request": request.id,
        }
        if info.trace:
            line["trace"] = info.trace
        self._info(line)
