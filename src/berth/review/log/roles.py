"""The smallest role that covers what a token has done: what its role allows beyond that was never used."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from berth.api.auth.policy import Policy
from berth.api.v1.command_routes import COMMANDS
from berth.model.audit import AuditRecord
from berth.model.caller import MEMBER, OWNER, VIEWER
from berth.model.token import Token
from berth.review.deployment.result import deployment_finding
from berth.review.model import ReviewFinding, ReviewPart, Severity

SMALLEST_FIRST: Final = ("reader", VIEWER, MEMBER, OWNER, "service", "admin")
"""The roles, from the one with the least rights to the one with all."""

OPERATIONS: Final[Mapping[str, str]] = {
    **{command.__name__: operation for command, (operation, _, _) in COMMANDS.items()},
    "CreateToken": "tokens.create",
    "RevokeToken": "tokens.revoke",
    "RotateToken": "tokens.rotate",
}
"""The policy's operation of each command, by the name that the audit log has of it."""

_WAY: Final = "token"
"""How the audit log names the way of authentication of API tokens."""


@dataclass(frozen=True, slots=True)
class RoleUse:
    """What a token did. changes: the kinds of command; smallest: the smallest role that allows them all."""

    token: Token
    changes: tuple[str, ...]
    smallest: str

    @property
    def present(self) -> str:
        """The largest role that the token has."""
        return max(self.token.roles, key=SMALLEST_FIRST.index)


def smallest_role(changes: Iterable[str], policy: Policy) -> str:
    """Return the smallest role that a policy allows these commands; the largest of all if it allows none of them."""
    needed = [policy.rules.get(OPERATIONS.get(each, ""), frozenset({SMALLEST_FIRST[-1]})) for each in changes]
    for role in SMALLEST_FIRST:
        # A kind of command does not say whose claims it wrote, and a member may write those of one project only.
        if role != MEMBER and all(role in roles or "anyone" in roles for roles in needed):
            return role
    return SMALLEST_FIRST[-1]


def role_uses(
    tokens: Iterable[Token], records: Iterable[AuditRecord], policy: Policy, since: int, now: int
) -> Iterator[RoleUse]:
    """Yield the use of each valid token that is as old as the records: what a younger one will do is not known.

    since, now: microseconds since 1970 UTC.
    """
    done: dict[str, set[str]] = {}
    for record in records:
        if record.via == _WAY and record.outcome == "done":
            done.setdefault(record.actor, set()).add(record.operation)
    for token in sorted(tokens, key=lambda each: each.name):
        if _is_valid(token, now) and token.created_at <= since and set(token.roles) & set(SMALLEST_FIRST):
            changes = tuple(sorted(done.get(token.name, ())))
            yield RoleUse(token, changes, smallest_role(changes, policy))


def _is_valid(token: Token, now: int) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def unused_rights(uses: Iterable[RoleUse], days: int) -> Iterator[ReviewFinding]:
    """Yield a finding for each token that a smaller role would do.

    Reading is not recorded: what only a person knows. So there is none of a viewer, which changes nothing.
    """
    for each in uses:
        if each.present != VIEWER and SMALLEST_FIRST.index(each.smallest) < SMALLEST_FIRST.index(each.present):
            yield deployment_finding(
                "right-unused",
                269,
                Severity.LOW,
                f"token {each.token.name}",
                f"The token {each.token.name} is {each.present}, and in {days} days {_done(each)}",
                _remedy(each),
                ReviewPart.LOG,
            )


def _done(use: RoleUse) -> str:
    if not use.changes:
        return "changed nothing"
    return f"did only what {use.smallest} may: {', '.join(use.changes)}"


def _remedy(use: RoleUse) -> str:
    name = use.token.name
    if not use.changes:
        return f"If it only reads, give it the smallest role that may; else: berth token revoke {name}"
    if use.smallest == OWNER:
        return f"If it writes one tree only: berth token create --role {OWNER} --tree UUID, then revoke {name}"
    return f"berth token create --role {use.smallest}, then berth token revoke {name}"
