"""Orders: commands on their way, and what became of them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from berth.model.caller import Caller
from berth.model.commands import Command
from berth.model.errors import BerthError
from berth.model.token import Token


@dataclass(frozen=True, slots=True)
class Order:
    """A command on its way. caller: who asks; request: an id that no other request has.

    token: what let the caller in, if that is to be made certain when the command is carried out.
    """

    command: Command
    caller: Caller
    request: str
    answer: Future[Any]
    token: Token | None = None

    @property
    def operation(self) -> str:
        """What logs call it."""
        return type(self.command).__name__


@dataclass(slots=True)
class Outcome:
    """What became of one order: a result or a refusal; or it is to be decided in the next batch."""

    order: Order
    result: Any = None
    refusal: BerthError | None = None
    later: bool = False
