"""The scope of one request: from its arrival until it is answered, or until its command is queued.

Whether an API token is still good is certain only after a check of the database, and behind a network that is a round
trip. A request makes one anyway: a query checks once whether others have written, and a command's transaction begins
with the head row. So a request is authenticated with the token as this process knows it, and before anything is
answered that check must have found the token unchanged; otherwise the request starts again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from msgspec.structs import replace

from berth.model.audit import RefusedRequest
from berth.model.errors import BerthError
from berth.model.token import Token


class TokenChanged(BerthError):
    """The token changed after the command was authenticated. Nothing was done; authenticate again."""


@dataclass(slots=True)
class RequestScope:
    """One request.

    checked: whether it has checked the database for changes; token: the one that authenticated it, as known then;
    refusals: its refused attempts, kept once the token is known to be unchanged.
    """

    checked: bool = False
    token: Token | None = None
    refusals: list[RefusedRequest] = field(default_factory=list)


class CurrentScope(threading.local):
    """The scope that the current thread works in; None outside of any request."""

    scope: RequestScope | None = None


def same_token(token: Token, now: Token | None) -> bool:
    """Whether a token is unchanged. Its time of last use does not count."""
    return token is now or (now is not None and replace(token, last_used_at=now.last_used_at) == now)
