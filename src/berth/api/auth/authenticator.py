"""Authenticators: from a request to its caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from berth.api.http.messages import HttpError, Request, retry_after
from berth.model.caller import Caller

Authenticator = Callable[[Request], Caller | None]
"""Returns the caller of a request; None if the request has no credential of its kind.

Raises AuthenticationFailed if it has one that is not valid.
"""

BEARER: Final = "Bearer"
"""The challenge of an authenticator that names no other. Every 401 must have one (RFC 9110, 15.5.2)."""


class AuthenticationFailed(HttpError):
    """401: the credential is not valid.

    caller: whom it names, and why: the reason, both for the audit log only. instead: the error sent in place of 401.
    """

    def __init__(self, detail: str, caller: Caller, *, why: str = "", instead: HttpError | None = None) -> None:
        sent = instead or HttpError(401, detail)
        super().__init__(sent.status, sent.detail, headers=sent.headers)
        self.caller, self.why = caller, why or detail


def identity_service_unreachable(detail: str) -> HttpError:
    """Return a 503: the identity service cannot be asked, so the caller is not authenticated."""
    return HttpError(503, detail, headers=retry_after(5))


def credential(request: Request) -> str | None:
    """Return the token of a request, from X-Auth-Token or Authorization: Bearer; None if it has none."""
    given = request.headers.get("x-auth-token")
    if given is not None:
        return given
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None
