"""API tokens that are more powerful, older or longer valid than they need to be."""

from collections.abc import Iterable, Iterator
from typing import Final

from berth.model.plural import plural
from berth.model.token import Token
from berth.review.deployment.result import deployment_finding
from berth.review.model import ReviewFinding, Severity

DAY: Final = 24 * 3600 * 1_000_000
UNUSED_FOR: Final = 90 * DAY
MOST_ADMINISTRATORS: Final = 3


def review_tokens(tokens: Iterable[Token], now: int) -> Iterator[ReviewFinding]:
    """Yield what is weak about tokens that are valid. now: microseconds since 1970 UTC."""
    valid = [each for each in tokens if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)]
    for token in valid:
        yield from _validity(token)
        yield from _reach(token)
        yield from _use(token, now)
    yield from _administrators(valid)


def _is_admin(token: Token) -> bool:
    return "admin" in token.roles


def _validity(token: Token) -> Iterator[ReviewFinding]:
    admin = _is_admin(token)
    if token.expires_at is None:
        yield _finding(
            "token-endless",
            Severity.MEDIUM if admin else Severity.LOW,
            token,
            "never ends" + (", and may do everything" if admin else ""),
            f"berth token rotate {token.name}, or create one with --expires",
        )


def _reach(token: Token) -> Iterator[ReviewFinding]:
    if _is_admin(token) and not token.networks:
        yield _finding(
            "token-everywhere",
            Severity.LOW,
            token,
            "may do everything, from every address",
            "Create it with the networks that it is used from",
        )


def _use(token: Token, now: int) -> Iterator[ReviewFinding]:
    last = token.last_used_at or token.created_at
    if now - last > UNUSED_FOR:
        yield _finding(
            "token-unused",
            Severity.MEDIUM,
            token,
            f"was not used for {(now - last) // DAY} days",
            f"berth token revoke {token.name}",
        )


def _administrators(valid: Iterable[Token]) -> Iterator[ReviewFinding]:
    admins = sorted(each.name for each in valid if _is_admin(each))
    if len(admins) > MOST_ADMINISTRATORS:
        yield deployment_finding(
            "many-administrators",
            269,
            Severity.LOW,
            "tokens",
            f"{plural(len(admins), 'token')} with all rights: {', '.join(admins[:5])}",
            "Give each the smallest role that its work needs: `berth policy show`",
        )


def _finding(rule: str, severity: Severity, token: Token, what: str, remedy: str) -> ReviewFinding:
    return deployment_finding(rule, 269, severity, f"token {token.name}", f"The token {token.name} {what}", remedy)
