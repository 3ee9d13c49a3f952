"""A visit: one request, from when it comes until it is answered or what it asks for is queued.

To know for certain that an API token is still good is to look at the database, and behind a network that is a round
trip. A request makes one anyway: a question looks once whether others have written, a command is carried out in a
transaction that begins with that. So a visitor is let in on what this process knows of the token, and before anybody is
told anything the look that there is anyway must have found the token unchanged; if not, the request begins anew.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from msgspec.structs import replace

from berth.model.audit import RefusedRequest
from berth.model.errors import BerthError
from berth.model.token import Token


class TokenChanged(BerthError):
    """The token that let a command in has changed meanwhile: who asks is to be found out anew. Nothing was done."""


@dataclass(slots=True)
class RequestScope:
    """One request. looked: it has looked whether others have written; token: what let it in, as it was known then.

    attempts: those that it has noted, to be kept once it is certain.
    """

    looked: bool = False
    token: Token | None = None
    attempts: list[RefusedRequest] = field(default_factory=list)


class CurrentScope(threading.local):
    """The visit that the present thread is at."""

    visit: RequestScope | None = None


def same_token(token: Token, now: Token | None) -> bool:
    """Whether a token is what it was; when it was last used does not count."""
    return token is now or (now is not None and replace(token, last_used_at=now.last_used_at) == now)
