"""The gate: who asks, and may they? Every face asks here, and whoever is turned away is noted here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import structs

from berth.api.auth.authenticator import CHALLENGE, AuthenticationFailed, Authenticator
from berth.api.auth.policy import Policy
from berth.api.http.messages import AmbiguousRequest, HttpError, LimitExceeded, Request
from berth.ledger import Ledger
from berth.model.audit import RefusedRequest
from berth.model.caller import NOBODY, OWNER, Caller
from berth.settings import Limits

NOTED: Final = frozenset({401, 403, 408, 413, 414, 429, 431})
"""Refusals that the audit log keeps: of who asked, and of how much. And TooMuch and Unclear, whatever their status."""

UNKNOWN: Final = "Authentication is required: send a token in the X-Auth-Token header."


class Gate:
    """Lets callers in.

    authenticate: ways of knowing callers, tried in turn; guessed: what to tell whoever is known by none
    of them, if not just that; ways: what those ways are called; limits: of what one request may ask for.
    """

    def __init__(
        self,
        ledger: Ledger,
        authenticate: Iterable[Authenticator],
        policy: Policy,
        guessed: Callable[[Request], HttpError | None] | None = None,
        ways: Iterable[str] = (),
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
    ) -> None:
        self.ledger, self.policy, self.ways = ledger, policy, tuple(ways)
        self._authenticate = tuple(authenticate)
        # Where everybody is believed there is nothing to challenge for; Placement's noauth2 does not either.
        self._challenge = () if self.ways == ("dev",) else CHALLENGE
        self._guessed, self.limits = guessed, limits
        self.waits = any(getattr(each, "waits", False) for each in self._authenticate)

    def authenticate(self, request: Request, *, public: bool = False) -> Caller:
        """Whoever asks; HttpError 401, or 429 for too much of that. public: what is asked for is for everybody."""
        try:
            caller = self._known(request)
            if caller is None and not public:
                raise HttpError(401, UNKNOWN, headers=self._challenge)
        except HttpError as error:
            wait = self._guessed(request) if self._guessed and error.status == 401 else None
            if wait is not None and isinstance(
                error, AuthenticationFailed
            ):  # who it seemed to be is noted all the same
                wait = AuthenticationFailed(wait.detail, error.caller, why=error.why, instead=wait)
            raise wait or error from None
        return NOBODY if caller is None else _bounded(caller)

    def _known(self, request: Request) -> Caller | None:
        """Whoever asks, as the first way of knowing callers that understands the request has it; Unknown."""
        for authenticate in self._authenticate:
            caller = authenticate(request)
            if caller is not None:
                request.info.caller = caller.called
                return caller
        return None

    def authorize(self, operation: str, caller: Caller, project: str | None = None) -> None:
        """HttpError 403, unless the policy lets the caller do this (to this project)."""
        if not self.policy.allows(operation, caller, project):
            raise HttpError(403, f"Policy does not allow {operation} to be performed.")

    def record_refusal(self, request: Request, error: HttpError, caller: Caller | None, operation: str) -> None:
        """Note a refusal in the audit log, if it is of the kind that is kept there."""
        if error.status in NOTED or isinstance(error, LimitExceeded | AmbiguousRequest):
            seeming, why = Caller(address=request.address), error.detail
            if isinstance(error, AuthenticationFailed):
                seeming, why = error.caller, error.why
            self.ledger.record_refusal(
                RefusedRequest(
                    caller=caller or seeming,
                    request=request.id,
                    operation=operation,
                    target=f"{request.method} {request.path}",
                    outcome=str(error.status),
                    why=why,
                )
            )


def _bounded(caller: Caller) -> Caller:
    """An owner of trees whose trees nobody named owns none, unless another role lets it write them all."""
    if caller.trees is None and OWNER in caller.roles and caller.roles.isdisjoint(("admin", "service")):
        return structs.replace(caller, trees=frozenset())
    return caller
