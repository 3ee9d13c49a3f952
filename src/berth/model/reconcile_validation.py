"""Validation of reconciliations: canonical uuids, numbers within their bounds, and a list that is not empty."""

from __future__ import annotations

from msgspec.structs import replace

from berth.model.consumer import Resources
from berth.model.errors import Invalid, NothingAlive
from berth.model.reconciliation import MOST_ENDED, MOST_ITEMS, ReconcileRequest
from berth.model.text import consumer_type
from berth.model.types import typed
from berth.model.validation import canonical_uuid


def validated_reconcile(request: ReconcileRequest) -> ReconcileRequest:
    """Return a request in canonical form. Raises Invalid if a value is illegal; NothingAlive."""
    request = typed(request, ReconcileRequest)
    if not (request.trees or request.project or request.type):
        raise Invalid("a reconciliation needs a scope: trees, a project or a type of consumers")
    if request.type:
        consumer_type(request.type)
    for name, most, least in (("at_most", MOST_ENDED, 0), ("limit", MOST_ITEMS, 1), ("as_of", 2**62, 0)):
        _check_number(name, getattr(request, name), least, most)
    if not request.dry_run and request.expect is None:
        raise Invalid("without a dry run, give the digest of one", "/expect")
    if not request.alive:
        raise NothingAlive
    alive = {_uuid(uuid, "/alive"): _canonical(held) for uuid, held in request.alive.items()}
    if len(alive) != len(request.alive):
        raise Invalid("a consumer is given twice", "/alive")
    return replace(
        request,
        trees=tuple(_uuid(uuid, "/trees") for uuid in request.trees),
        alive=alive,
        after=_uuid(request.after, "/after") if request.after else "",
    )


def _check_number(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Invalid(f"{name} is {least} to {most:,}, not {value}", f"/{name}")


def _canonical(held: dict[str, Resources] | None) -> dict[str, Resources] | None:
    return None if held is None else {_uuid(uuid, "/alive"): resources for uuid, resources in held.items()}


def _uuid(text: str, at: str) -> str:
    try:
        return canonical_uuid(text)
    except Invalid as error:
        raise Invalid(str(error), at) from None
