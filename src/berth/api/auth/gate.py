"""The gate: authenticates and authorizes callers for every app, and records refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import structs

from berth.api.auth.authenticator import BEARER, AuthenticationFailed, Authenticator
from berth.api.auth.policy import Policy
from berth.api.http.messages import AmbiguousRequest, HttpError, LimitExceeded, Request
from berth.ledger import Ledger
from berth.model.audit import RefusedRequest
from berth.model.caller import MEMBER, NOBODY, OWNER, Caller
from berth.settings import Limits

RECORDED: Final = frozenset({401, 403, 408, 413, 414, 429, 431})
"""Statuses recorded in the audit log. LimitExceeded and AmbiguousRequest are recorded with any status."""

UNKNOWN: Final = "Authentication is required: send a token in the X-Auth-Token header."


class Gate:
    """Authenticates and authorizes callers.

    authenticate: authenticators, tried in turn; guessed: counts a failed authentication, and returns an error to send
    instead of 401, or None; ways: the names of the authenticators; limits: of one request; record: records a refusal,
    if not the ledger does.
    """

    def __init__(
        self,
        ledger: Ledger,
        authenticate: Iterable[Authenticator],
        policy: Policy,
        guessed: Callable[[Request], HttpError | None] | None = None,
        ways: Iterable[str] = (),
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
        record: Callable[[RefusedRequest], None] | None = None,
    ) -> None:
        self.ledger, self.policy, self.ways = ledger, policy, tuple(ways)
        self._authenticate = tuple(authenticate)
        # "dev" accepts every token, so there is nothing to challenge for; Placement's noauth2 sends none either.
        self._challenge = () if self.ways == ("dev",) else _challenges(self._authenticate)
        self._guessed, self.limits = guessed, limits
        self._record = record or ledger.record_refusal
        self.waits = any(getattr(each, "waits", False) for each in self._authenticate)

    def authenticate(self, request: Request, *, public: bool = False) -> Caller:
        """Return the caller; raise HttpError 401, or 429 after too many failures. public: no token is needed."""
        try:
            caller = self._first_caller(request)
            if caller is None and not public:
                raise HttpError(401, UNKNOWN)
        except HttpError as error:
            if error.status == 401:
                error.headers = self._challenge
            wait = self._guessed(request) if self._guessed and error.status == 401 else None
            if wait is not None and isinstance(error, AuthenticationFailed):  # the audit log still records the caller
                wait = AuthenticationFailed(wait.detail, error.caller, why=error.why, instead=wait)
            raise wait or error from None
        return NOBODY if caller is None else _restricted(caller)

    def _first_caller(self, request: Request) -> Caller | None:
        """Return the caller from the first authenticator that finds a credential; raise AuthenticationFailed."""
        for authenticate in self._authenticate:
            caller = authenticate(request)
            if caller is not None:
                request.info.caller = caller
                return caller
        return None

    def authorize(self, operation: str, caller: Caller, project: str | None = None, *, rule: str = "") -> None:
        """Raise HttpError 403 unless the policy lets the caller do this (to this project).

        rule: the name of the operation's rule in the API's own documents, for the refusal; by default the operation.
        """
        if not self.policy.allows(operation, caller, project):
            said = f"Policy does not allow {rule} to be performed." if rule else self.policy.refusal(operation, caller)
            raise HttpError(403, said)

    def record_refusal(self, request: Request, error: HttpError, caller: Caller | None, operation: str) -> None:
        """Record a refusal in the audit log, if it is of a kind that is recorded."""
        if error.status in RECORDED or isinstance(error, LimitExceeded | AmbiguousRequest):
            claimed, why = Caller(address=request.address), error.detail
            if request.info.caller is not NOBODY:
                claimed = request.info.caller
            if isinstance(error, AuthenticationFailed):
                claimed, why = error.caller, error.why
            self._record(
                RefusedRequest(
                    caller=caller or claimed,
                    request=request.id,
                    operation=operation or request.info.operation,
                    target=f"{request.method} {request.path}",
                    outcome=str(error.status),
                    why=why,
                )
            )


def _challenges(authenticators: Iterable[Authenticator]) -> tuple[tuple[str, str], ...]:
    """Return the header of a 401: what each kind of credential is, once (RFC 9110, 11.6.1)."""
    kinds = dict.fromkeys(getattr(each, "challenge", BEARER) for each in authenticators)
    return (("www-authenticate", ", ".join(kinds or (BEARER,))),)


def _restricted(caller: Caller) -> Caller:
    """Restrict what a caller writes to its trees (a provider-owner) or its project (a member).

    A provider-owner without named trees has none. Nothing is restricted if another role lets it write all.
    """
    if caller.roles.isdisjoint((OWNER, MEMBER)) or not caller.roles.isdisjoint(("admin", "service")):
        return caller
    trees = frozenset() if caller.trees is None and OWNER in caller.roles else caller.trees
    return structs.replace(caller, trees=trees, own_project=MEMBER in caller.roles)
