"""Validation of reconciliations: canonical uuids, numbers within their bounds, and a list that is not empty."""

from __future__ import annotations

from msgspec.structs import replace

from berth.model.alive_list import AliveList
from berth.model.errors import Invalid, NothingAlive
from berth.model.reconciliation import MOST_ENDED, MOST_ITEMS, ReconcileRequest
from berth.model.text import consumer_type
from berth.model.types import typed
from berth.model.validation import canonical_uuid


def validated_reconcile(
    request: ReconcileRequest, alive: AliveList | None = None
) -> tuple[ReconcileRequest, AliveList]:
    """Return a request in canonical form, and its list. Raises Invalid if a value is illegal; NothingAlive.

    alive: the list, if it is not in the request.
    """
    request = typed(request, ReconcileRequest)
    if not (request.trees or request.project or request.type):
        raise Invalid("a reconciliation needs a scope: trees, a project or a type of consumers")
    if request.type:
        consumer_type(request.type)
    for name, most, least in (("at_most", MOST_ENDED, 0), ("limit", MOST_ITEMS, 1), ("as_of", 2**62, 0)):
        _check_number(name, getattr(request, name), least, most)
    if not request.dry_run and request.expect is None:
        raise Invalid("to apply the plan, give the digest of its dry run", "/expect")
    if alive is None:
        alive = AliveList.of_consumers(request.alive)
    elif not isinstance(alive, AliveList):
        raise Invalid("a list beside the request is an AliveList", "/alive")
    elif request.alive:
        raise Invalid("the list of consumers that are alive is given twice", "/alive")
    if not alive:
        raise NothingAlive
    trees = tuple(_uuid(uuid, "/trees") for uuid in request.trees)
    return replace(request, trees=trees, after=_uuid(request.after, "/after") if request.after else ""), alive


def _check_number(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Invalid(f"{name} is {least} to {most:,}, not {value}", f"/{name}")


def _uuid(text: str, at: str) -> str:
    try:
        return canonical_uuid(text)
    except Invalid as error:
        raise Invalid(str(error), at) from None
