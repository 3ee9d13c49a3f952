"""What is said when something fails: why, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from berth.cli.output.suggest import perhaps, suggestions
from berth.cli.session import NoLedger, Session
from berth.model import errors
from berth.model.change import NameKind
from berth.model.errors import BerthError, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED: Final = 1
"""The exit status of what was understood and refused."""

UNUSABLE: Final = 2
"""The exit status of wrong usage, and of something here that must be put right first."""

TOKENS: Final = "give a token: set BERTH_TOKEN, or --token-file FILE, or --token - and the token on standard input"
FILL: Final = (
    "`berth discover --apply` or `berth import FILE` begins one; --database (or BERTH_DATABASE) names another, "
    "--url (or BERTH_URL) a server"
)


def tell(error: BerthError, session: Session) -> int:
    """Say why, and what to do next; returns the exit status."""
    session.output.refuse(
        str(error) or str(type(error).__doc__), next_step=_next_step(error, session), kind=kind(error), **_more(error)
    )
    return REFUSED if isinstance(error, Refusal) else UNUSABLE


def kind(error: BerthError) -> str:
    """What programs call it: the error's name in kebab case, as in the problem types of /v1."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


def _next_step(error: BerthError, session: Session) -> str:
    for kinds, step in _STEPS.items():
        if isinstance(error, kinds):
            try:
                return step(error, session)
            except BerthError:  # the names that could have been meant cannot be had either
                return ""
    return ""


def _unknown_class(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.ClassNotFound)
    return _meant(
        [error.name], (each.name for each in session.ledger.names(NameKind.CLASS)), "`berth classes` lists them"
    )


def _unknown_traits(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.TraitsNotFound)
    return _meant(
        error.names, (each.name for each in session.ledger.names(NameKind.TRAIT)), "`berth traits` lists them"
    )


def _meant(names: Iterable[str], known: Iterable[str], otherwise: str) -> str:
    every = list(known)
    return perhaps([each for name in names for each in suggestions(name, every)][:3]) or otherwise


def _forbidden(_: BerthError, session: Session) -> str:
    if session.remote and not session.token:
        return TOKENS
    return "`berth policy show` lists what each role may do"


def _away(_: BerthError, session: Session) -> str:
    if session.remote:
        return f"is `berth serve` running at {session.where.url}? It may also be asked again later"
    return "is the database running, and is its address right?"


def _more(error: BerthError) -> dict[str, object]:
    """The fields of a refusal, for programs."""
    return {name: value for name, value in vars(error).items() if isinstance(value, str | int | list | tuple)}


NextStep = Callable[[BerthError, Session], str]
_STEPS: Final[dict[type[BerthError], NextStep]] = {
    NoLedger: lambda *_: FILL,
    errors.ClassNotFound: _unknown_class,
    errors.TraitsNotFound: _unknown_traits,
    errors.Unauthenticated: lambda *_: TOKENS,
    errors.Forbidden: _forbidden,
    errors.TokenNotFound: lambda *_: "`berth token list` has every name",
    errors.TokenExists: lambda *_: "no name is used twice, so that logs stay true: choose another, or rotate that",
    errors.TooManyRequests: lambda *_: "wait a little, then try again",
    errors.NotBerth: lambda *_: "is this the address that `berth serve` printed?",
    errors.Unavailable: _away,
    errors.ConsumerGenerationConflict: lambda *_: "--replace writes what it holds anew, whatever it holds now",
    errors.CapacityExceeded: lambda *_: "`berth find` says where it fits, and if nowhere, why",
}
