"""Why a command was refused, for people: with names, where the texts of the Placement API have uuids."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from berth.model import errors
from berth.model.amounts import as_text
from berth.model.errors import BerthError, NotFound
from berth.model.overview import ProviderFilter

if TYPE_CHECKING:
    from berth.cli.session import Session

_MOST_NAMED: Final = 4
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_RULES: Final = {
    "min_unit": "at least {value:,}",
    "max_unit": "at most {value:,}",
    "step_size": "multiples of {value:,}",
}
"""What one claim may have, by the rule of an inventory."""


def refusal_text(error: BerthError, session: Session) -> str:
    """Return why a command was refused, with the names of providers where they have one."""
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            try:
                return sentence(error, session)
            except BerthError:  # the names cannot be read either
                break
    return str(error) or str(type(error).__doc__)


def _inventory_missing(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.InventoryMissing)
    name, wanted = session.name_of(error.provider), " or ".join(error.resource_classes)
    others = _same_host(session, error)
    if others:
        return f"{name} has no {wanted} of its own: {_listed(others)} of the same host {_has(others)} it"
    return f"{name} has no {wanted}" + (f": it has {', '.join(error.available)}" if error.available else "")


def _same_host(session: Session, error: errors.InventoryMissing) -> list[str]:
    """Return the names of the providers of the same host that have the first class that is missing."""
    try:
        root = session.ledger.provider(error.provider).root
    except NotFound:
        return []
    asked = ProviderFilter(root=root, resource_class=error.resource_classes[0])
    return [each.name for each in session.ledger.search(asked).items]


def _listed(names: list[str]) -> str:
    shown = names[:_MOST_NAMED]
    return ", ".join(shown) + and_more(len(shown), len(names))


def and_more(shown: int, count: int | None) -> str:
    """Return how many there are besides those that are shown, as the end of a list; "" if none or unknown."""
    return f" and {count - shown:,} more" if count is not None and count > shown else ""


def _has(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _units_violated(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.UnitsViolated)
    rule = _RULES[error.rule].format(value=error.value)
    asked = "" if error.amount is None else f", not {error.amount:,}"
    return f"one claim can have {rule} {error.resource_classes[0]} of {session.name_of(error.provider)}{asked}"


def _capacity_exceeded(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.CapacityExceeded)
    free = f"{max(error.free, 0):,} of {error.capacity:,} {error.resource_classes[0]}"
    return f"{session.name_of(error.provider)} has {free} free, and {error.amount:,} {_were(error.amount)} requested"


def _were(amount: int) -> str:
    return "was" if amount == 1 else "were"


def _drained(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.ProviderDrained)
    by = f" by {error.by}" if error.by else ""
    why = f" ({error.reason})" if error.reason else ""
    return f"{session.name_of(error.provider)} was drained{by}{why} and takes no new claims"


def _consumer_changed(error: BerthError, _: Session) -> str:
    assert isinstance(error, errors.ConsumerGenerationConflict)
    if error.got is None:
        return f"consumer {error.consumer} has a claim already"
    if error.expected is None:
        return f"consumer {error.consumer} holds nothing now"
    return f"consumer {error.consumer} has changed since it was read"


def _in_use(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.InUse)
    uuid = getattr(error, "uuid", "") or getattr(error, "provider", "")
    held = f": {as_text(error.used)} held" if error.used else ""
    return f"{session.name_of(uuid) if uuid else 'the provider'} is in use{held}"


def _has_children(error: BerthError, session: Session) -> str:
    assert isinstance(error, errors.ProviderHasChildren)
    return f"{session.name_of(error.uuid)} has providers below it: delete those first, or all of them with --tree"


def _named(error: BerthError, session: Session) -> str:
    """Return the text of the refusal, with names in place of the uuids of providers."""
    return _UUID.sub(lambda found: session.name_of(found[0]), str(error))


Sentence = Callable[[BerthError, "Session"], str]
_SENTENCES: Final[dict[type[BerthError], Sentence]] = {
    errors.InventoryMissing: _inventory_missing,
    errors.UnitsViolated: _units_violated,
    errors.CapacityExceeded: _capacity_exceeded,
    errors.ConsumerGenerationConflict: _consumer_changed,
    errors.InUse: _in_use,
    errors.GenerationConflict: _named,
    errors.ClassInUse: _named,
    errors.TraitInUse: _named,
    errors.ProviderHasChildren: _has_children,
    errors.CapacityBelowUse: _named,
    errors.ReservedExceedsTotal: _named,
    errors.UnitsContradict: _named,
    errors.InventoryExists: _named,
    errors.ProviderDrained: _drained,
    errors.DrainedAbove: _named,
}
