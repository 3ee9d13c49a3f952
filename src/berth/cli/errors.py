"""Error messages of commands: the reason, the next step, and the exit status."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from berth.cli.output.suggest import did_you_mean, suggestions
from berth.cli.session import NoLedger, Session
from berth.model import errors
from berth.model.change import NameKind
from berth.model.errors import BerthError, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED: Final = 1
"""The exit status of a request that was understood and refused."""

UNUSABLE: Final = 2
"""The exit status of wrong usage, or of a problem that must be fixed first."""

TOKENS: Final = "give a token: set BERTH_TOKEN, or --token-file FILE, or --token - and the token on standard input"
CREATE_LEDGER: Final = (
    "`berth discover --apply` or `berth import FILE` creates one; --database (or BERTH_DATABASE) names another, "
    "--url (or BERTH_URL) a server"
)


def report(error: BerthError, session: Session) -> int:
    """Print the reason of an error and the next step. Return the exit status."""
    session.output.print_refusal(
        str(error) or str(type(error).__doc__),
        next_step=_next_step(error, session),
        kind=error_name(error),
        **_fields(error),
    )
    return REFUSED if isinstance(error, Refusal) else UNUSABLE


def error_name(error: BerthError) -> str:
    """Return the error's name for programs, in kebab case, as in the problem types of /v1."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


def _next_step(error: BerthError, session: Session) -> str:
    for kinds, step in _NEXT_STEPS.items():
        if isinstance(error, kinds):
            try:
                return step(error, session)
            except BerthError:  # the names to suggest cannot be read either
                return ""
    return ""


def _unknown_class(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.ClassNotFound)
    return _suggest(
        [error.name], (each.name for each in session.ledger.names(NameKind.CLASS)), "`berth classes` lists them"
    )


def _unknown_traits(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.TraitsNotFound)
    return _suggest(
        error.names, (each.name for each in session.ledger.names(NameKind.TRAIT)), "`berth traits` lists them"
    )


def _suggest(names: Iterable[str], known: Iterable[str], otherwise: str) -> str:
    every = list(known)
    return did_you_mean([each for name in names for each in suggestions(name, every)][:3]) or otherwise


def _forbidden(_: BerthError, session: Session) -> str:
    if session.remote and not session.token:
        return TOKENS
    return "`berth policy show` lists what each role may do"


def _unavailable(_: BerthError, session: Session) -> str:
    if session.remote:
        return f"is `berth serve` running at {session.location.url}? You can also try again later"
    return "is the database running, and is its address right?"


def _fields(error: BerthError) -> dict[str, object]:
    """Return the fields of a refusal, for programs."""
    return {name: value for name, value in vars(error).items() if isinstance(value, str | int | list | tuple)}


NextStep = Callable[[BerthError, Session], str]
_NEXT_STEPS: Final[dict[type[BerthError], NextStep]] = {
    NoLedger: lambda *_: CREATE_LEDGER,
    errors.ClassNotFound: _unknown_class,
    errors.TraitsNotFound: _unknown_traits,
    errors.Unauthenticated: lambda *_: TOKENS,
    errors.Forbidden: _forbidden,
    errors.TokenNotFound: lambda *_: "`berth token list` lists the tokens",
    errors.TokenExists: lambda *_: (
        "token names are never reused, so that logs stay unambiguous: choose another, or rotate the existing token"
    ),
    errors.TooManyRequests: lambda *_: "wait a moment, then try again",
    errors.NotBerth: lambda *_: "is this the address that `berth serve` printed?",
    errors.Unavailable: _unavailable,
    errors.ConsumerGenerationConflict: lambda *_: "--replace overwrites what the consumer holds now",
    errors.CapacityExceeded: lambda *_: "`berth find` shows where it fits, or why it fits nowhere",
}
