"""The scope of one request: from its arrival until it is answered, or until its command is queued.

Whether an API token is still good is certain only after a check of the database, and behind a network that is a round
trip. A request makes one anyway: a query checks once whether others have written, and a command's transaction begins
with the head row. So a request is authenticated with the token as this process knows it, and before anything is
answered that check must have found the token unchanged; otherwise the request starts again.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from berth.model.audit import RefusedRequest
from berth.model.errors import BerthError
from berth.model.token import Token


class TokenChanged(BerthError):
    """The token changed after the command was authenticated. Nothing was done; authenticate again."""


BRIEF_S: Final = 0.005
"""How long a request may be worked on where it may neither wait nor take long."""

SHORT_S: Final = 0.02
"""How long a request may be worked on where it may wait, but not take long."""


class NeedsTime(Exception):
    """The request would wait, or take long, in a thread that must not. Nothing was done; use another thread.

    long: whether it takes long, not just longer than a few milliseconds. No BerthError: it is not an answer.
    """

    def __init__(self, *, long: bool = False) -> None:
        super().__init__()
        self.long = long


class RequestScope(msgspec.Struct, eq=False):
    """One request.

    deadline: when it must have been answered, by time.monotonic(); every wait on its way ends by then. brief: whether
    its thread may neither wait nor take long: raise NeedsTime instead; long: whether it may take long, and pause: what
    is called now and then if it does. began: when, by time.monotonic(). checked: whether it has checked the database
    for changes; token: the one that authenticated it, as known then; refusals: its refused attempts, kept once the
    token is known to be unchanged.
    """

    deadline: float = math.inf
    brief: bool = False
    long: bool = True
    pause: Callable[[], None] | None = None
    began: float = msgspec.field(default_factory=time.monotonic)
    checked: bool = False
    token: Token | None = None
    refusals: list[RefusedRequest] = []


class CurrentScope(threading.local):
    """The scope that the current thread works in; None outside of any request."""

    scope: RequestScope | None = None

    @property
    def is_brief(self) -> bool:
        """Whether the current thread may neither wait nor take long."""
        return self.scope is not None and self.scope.brief

    def require_time(self, *, long: bool = False) -> None:
        """Raise NeedsTime if the current thread may neither wait nor take long. Called before anything that would.

        long: what follows takes long, and is not for a thread that may only wait.
        """
        if self.scope is not None and (self.scope.brief or (long and not self.scope.long)):
            raise NeedsTime(long=long)

    def check_time(self) -> None:
        """Raise NeedsTime if the current thread has worked on its request for as long as it may, or pause."""
        scope = self.scope
        if scope is None:
            return
        if scope.long and not scope.brief:
            if scope.pause is not None:
                scope.pause()
        elif time.monotonic() - scope.began > (BRIEF_S if scope.brief else SHORT_S):
            raise NeedsTime(long=not scope.brief)

    def pause(self) -> None:
        """Pause now and then, if the current thread works for long. Called where what is left to do has a bound."""
        if self.scope is not None and self.scope.pause is not None:
            self.scope.pause()

    def remaining_s(self, most: float) -> float:
        """Return how long the current request may still wait, in seconds: at most `most`, at least 0."""
        return most if self.scope is None else max(0.0, min(most, self.scope.deadline - time.monotonic()))


def same_token(token: Token, now: Token | None) -> bool:
    """Whether a token is unchanged. Its time of last use does not count."""
    return token is now or (now is not None and msgspec.structs.replace(token, last_used_at=now.last_used_at) == now)
