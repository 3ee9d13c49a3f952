"""Any command, by its name."""

from __future__ import annotations

from typing import Any

from berth.api.v1.route import Call, Doing
from berth.model.message import value
from berth.model.pages import Result
from berth.model.sound import sound


def do(call: Call) -> Doing:
    """Carry it out."""
    return Doing(sound(value(call.body)), _result)


def _result(result: Any) -> Result[Any]:
    return Result(result)
