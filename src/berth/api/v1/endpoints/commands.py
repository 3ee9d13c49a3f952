"""Any command, by its name."""

from __future__ import annotations

from typing import Any

from berth.api.http.limits import check_request
from berth.api.v1.route import Call, PendingResult
from berth.model.commands import Allocate
from berth.model.message import value
from berth.model.pages import Result


def do(call: Call) -> PendingResult:
    """Carry out a command."""
    command = value(call.body)
    if isinstance(command, Allocate):
        check_request(call.limits, command.request)
    return PendingResult(command, _result)


def _result(result: Any) -> Result[Any]:
    return Result(result)
