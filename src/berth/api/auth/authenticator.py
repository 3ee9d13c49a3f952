"""What every way of knowing callers has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from berth.api.http.messages import HttpError, Request
from berth.model.caller import Caller

Authenticator = Callable[[Request], Caller | None]
"""A request to a caller; None: it says nothing that this way of knowing callers understands.

Unknown if it does, and what it says is not to be believed.
"""

CHALLENGE: Final = (("www-authenticate", "Bearer"),)
"""What every 401 has to carry (RFC 9110, 15.5.2)."""


class AuthenticationFailed(HttpError):
    """401: whoever asks is not who they say, or not any more.

    caller: who they seem to be, and why: what is wrong, both for the audit log only. instead: what they are told
    in place of 401.
    """

    def __init__(self, detail: str, caller: Caller, *, why: str = "", instead: HttpError | None = None) -> None:
        told = instead or HttpError(401, detail, headers=CHALLENGE)
        super().__init__(told.status, told.detail, headers=told.headers)
        self.caller, self.why = caller, why or detail


def identity_service_unreachable(detail: str) -> HttpError:
    """503: whoever would know cannot be asked. Nobody is let in for that."""
    return HttpError(503, detail, headers=(("retry-after", "5"),))


def credential(request: Request) -> str | None:
    """The token of a request, from X-Auth-Token or from Authorization: Bearer; None if it has none."""
    given = request.headers.get("x-auth-token")
    if given is not None:
        return given
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None
