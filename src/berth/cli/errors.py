"""Error messages of commands: the reason, the next step, and the exit status."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from berth.cli.output.suggest import did_you_mean, suggestions
from berth.cli.refusal_text import and_more, refusal_text
from berth.cli.session import NoLedger, Session
from berth.model import errors
from berth.model.amounts import as_text
from berth.model.change import NameKind
from berth.model.errors import BerthError, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from berth.model.consumer import Holder

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
        refusal_text(error, session),
        next_step=_next_step(error, session),
        kind=error_name(error),
        **_fields(error),
    )
    return REFUSED if isinstance(error, Refusal) else UNUSABLE


def error_name(error: BerthError) -> str:
    """Return the error's name for programs, in kebab case, as in the problem types of /v1."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


def _next_step(error: BerthError, session: Session) -> str:
    """Return what the command itself has noted on the error, else what helps with errors of its kind."""
    if notes := getattr(error, "__notes__", ()):
        return "; ".join(notes)
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


def _consumer_conflict(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.ConsumerGenerationConflict)
    if error.expected is None:
        return "it holds nothing now: claim again, as for a new consumer"
    held = [f"{as_text(each)} of {session.name_of(uuid)}" for uuid, each in error.holds.items()]
    return f"it holds {' and '.join(held) or 'something'}: --replace with --on overwrites that"


def _name_holders(error: BerthError, session: Session) -> str:
    """Return who holds the provider, and how to end that."""
    assert isinstance(error, errors.InUse | errors.CapacityExceeded)
    uuid = getattr(error, "uuid", "") or getattr(error, "provider", "")
    step = f"`berth show {_quoted(uuid, session)}` lists who holds it"
    if error.holders:
        first = _listed(error.holders)
        step = f"{step}: {first}{and_more(len(error.holders), error.holder_count)}"
    if isinstance(error, errors.TreeInUse):
        return f"{_in_use(error, session)}; `berth release --holders-of {_quoted(uuid, session)}` releases all of it"
    if isinstance(error, errors.CapacityExceeded):
        return f"`berth find` shows where it fits, or why it fits nowhere; {step}"
    return f"{step}; `berth release CONSUMER` releases it"


def _drained(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.ProviderDrained)
    name = _quoted(error.provider, session)
    return f"`berth show {name}` says since when; `berth undrain {name}` ends it; `berth find` shows where else it fits"


def _in_use(error: errors.TreeInUse, session: Session) -> str:
    """Return which providers of a tree are in use, and the first of their holders."""
    names = f"{', '.join(map(session.name_of, error.providers))}{and_more(len(error.providers), error.provider_count)}"
    first = _listed(error.holders)
    return f"in use: {names}" + (f", by {first}{and_more(len(error.holders), error.holder_count)}" if first else "")


def _listed(holders: Iterable[Holder]) -> str:
    """Return who holds something, and how much."""
    return ", ".join(f"{each.consumer.name or each.consumer.uuid} ({as_text(each.resources)})" for each in holders)


def _name_provider(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.ReservedExceedsTotal | errors.UnitsContradict)
    name = session.name_of(error.provider)
    return "" if name == error.provider else f"the provider is {name}"


def _below_use(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.CapacityBelowUse)
    names = f"{', '.join(map(session.name_of, error.providers))}{and_more(len(error.providers), error.provider_count)}"
    return f"providers: {names}; --dry-run lists them with what is held; --over-capacity allows it"


def _name_providers(error: BerthError, session: Session) -> str:
    """Return the names of the providers that make the refusal necessary."""
    assert isinstance(error, errors.ClassInUse | errors.TraitInUse | errors.ProviderHasChildren)
    if isinstance(error, errors.ProviderHasChildren):
        what, first, count = "its children", error.children, error.child_count
    else:
        what, first, count = "used by", error.providers, error.provider_count
    names = ", ".join(map(session.name_of, first))
    return f"{what}: {names}{and_more(len(first), count)}" if names else ""


def _existing_provider(error: BerthError, _: Session) -> str:
    assert isinstance(error, errors.ProviderExists)
    return f"`berth show {shlex.quote(error.uuid or error.value)}` shows it"


def _forbidden(_: BerthError, session: Session) -> str:
    if session.remote and not session.token:
        return TOKENS
    return "`berth policy show` lists what each role may do"


def _unavailable(error: BerthError, session: Session) -> str:
    if isinstance(error, errors.Unavailable) and error.consumer is not None:
        return f"try again with --consumer {error.consumer}, which cannot claim twice; `berth show` shows what it holds"
    if session.remote:
        return f"is `berth serve` running at {session.location.url}? You can also try again later"
    return "is the database running, and is its address right?"


def _fields(error: BerthError) -> dict[str, object]:
    """Return the fields of a refusal, for programs; `why`, which is the text of every refusal, as `reasons`."""
    fields = {"reasons" if name == "why" else name: value for name, value in vars(error).items()}
    return {
        name: value
        for name, value in fields.items()
        if not name.startswith("__") and isinstance(value, str | int | list | tuple | dict)
    }


def _quoted(uuid: str, session: Session) -> str:
    """Return the name of a provider as one word of a shell: names are given by others."""
    return shlex.quote(session.name_of(uuid))


NextStep = Callable[[BerthError, Session], str]
_NEXT_STEPS: Final[dict[type[BerthError], NextStep]] = {
    NoLedger: lambda *_: CREATE_LEDGER,
    errors.ClassNotFound: _unknown_class,
    errors.TraitsNotFound: _unknown_traits,
    errors.AggregateNotFound: lambda *_: "`berth aggregates` lists them; `berth aggregate create` creates one",
    errors.ConsumerNotFound: lambda *_: "`berth consumers` lists them",
    errors.ConsumerAmbiguous: lambda *_: "the first digits of its uuid are enough",
    errors.AggregateNameTaken: lambda *_: "choose another name, or `berth aggregate rename` that one first",
    errors.Unauthenticated: lambda *_: TOKENS,
    errors.Forbidden: _forbidden,
    errors.TokenNotFound: lambda *_: "`berth token list` lists the tokens",
    errors.TokenExists: lambda *_: (
        "token names are never reused, so that logs stay unambiguous: choose another, or rotate the existing token"
    ),
    errors.TooManyRequests: lambda *_: "wait a moment, then try again",
    errors.NotBerth: lambda *_: "is this the address that `berth serve` printed?",
    errors.Unavailable: _unavailable,
    errors.ConsumerGenerationConflict: _consumer_conflict,
    errors.GenerationConflict: lambda *_: "it has changed since it was read: read it again, then retry",
    errors.CapacityExceeded: _name_holders,
    errors.InventoryMissing: lambda *_: "`berth find` shows where it fits",
    errors.ProviderDrained: _drained,
    errors.DrainedAbove: lambda error, _: f"`berth undrain {shlex.quote(getattr(error, 'name', ''))}`",
    errors.UnitsViolated: lambda *_: "`berth show` shows the units of each inventory",
    errors.InUse: _name_holders,
    errors.CapacityBelowUse: _below_use,
    errors.ReservedExceedsTotal: _name_provider,
    errors.UnitsContradict: _name_provider,
    errors.ProviderExists: _existing_provider,
    errors.ClassInUse: _name_providers,
    errors.TraitInUse: _name_providers,
    errors.ProviderHasChildren: _name_providers,
}
