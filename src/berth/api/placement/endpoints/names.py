"""Resource classes and traits."""

from __future__ import annotations

from berth.api.http.messages import BadRequest, HttpError
from berth.api.placement import render
from berth.api.placement.operation import Call, PendingAnswer, no_content, now_us
from berth.api.placement.schemas import NAME_CLASS
from berth.api.placement.validation import validator
from berth.api.placement.versions.change import Answer
from berth.model import commands
from berth.model.change import CatalogueEntry
from berth.model.errors import TraitsNotFound
from berth.model.names import is_custom_name

_TRUTH = {"true": True, "false": False}


def list_classes(call: Call) -> Answer:
    """Return all resource classes."""
    found = call.ledger.classes()
    return Answer(
        payload={"resource_classes": [render.resource_class(each.name) for each in found]}, modified=_newest(found)
    )


def show_class(call: Call) -> Answer:
    """Return one resource class."""
    found = call.ledger.resource_class(call.terms["name"])
    return Answer(payload=render.resource_class(found.name), modified=found.at)


def create_class(call: Call) -> PendingAnswer:
    """Create a resource class."""
    name = call.body()["name"]
    call.terms["name"] = name
    return PendingAnswer(
        commands.CreateClass(name=name), lambda _new: Answer(status=201, location=f"/resource_classes/{name}")
    )


def ensure_class(call: Call) -> PendingAnswer:
    """Create a resource class unless it exists."""
    name = call.terms["name"]
    why = validator(NAME_CLASS).why_not({"name": name}, len(name))
    if why is not None:
        raise HttpError(400, f"JSON does not validate: {why}")

    def finish(new: bool) -> Answer:
        return Answer(status=201 if new else 204, location=f"/resource_classes/{name}")

    return PendingAnswer(commands.CreateClass(name=name, exist_ok=True), finish)


def rename_class(call: Call) -> PendingAnswer:
    """Rename a resource class."""
    new_name = call.body()["name"]
    call.terms["new_name"] = new_name
    return PendingAnswer(
        commands.RenameClass(name=call.terms["name"], new_name=new_name),
        lambda _result: Answer(payload=render.resource_class(new_name)),
    )


def delete_class(call: Call) -> PendingAnswer:
    """Delete a resource class."""
    return PendingAnswer(commands.DeleteClass(name=call.terms["name"]), no_content)


def list_traits(call: Call) -> Answer:
    """Return all traits, or those that match the query."""
    last = dict(call.query())
    associated = None
    if "associated" in last:
        associated = _TRUTH.get(last["associated"].lower())
        if associated is None:
            raise BadRequest('The query parameter "associated" only accepts "true" or "false"')
    found = _as_named(last["name"], associated, call) if "name" in last else _every(associated, call)
    return Answer(payload={"traits": [named.name for named in found]}, modified=_newest(found))


def _every(associated: bool | None, call: Call) -> list[CatalogueEntry]:
    return call.ledger.trait_names(associated=associated)


def _as_named(asked: str, associated: bool | None, call: Call) -> list[CatalogueEntry]:
    kind, colon, value = asked.partition(":")
    if not colon:
        raise BadRequest(
            "Badly formatted name parameter. Expected name query string parameter in form: "
            f'?name=[in|startswith]:[name1,name2|prefix]. Got: "{asked}"'
        )
    every = _every(associated, call)
    if kind == "in":
        names = set(value.split(","))
        return [named for named in every if named.name in names]
    if kind == "startswith":
        return [named for named in every if named.name.startswith(value)]
    return every


def show_trait(call: Call) -> Answer:
    """Return 204 if the trait exists."""
    return Answer(status=204, modified=call.ledger.trait(call.terms["name"]).at)


def ensure_trait(call: Call) -> PendingAnswer:
    """Create a trait unless it exists."""
    name = call.terms["name"]
    if not is_custom_name(name):
        raise BadRequest(
            "The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "
            '"CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"'
        )

    def finish(new: bool) -> Answer:
        return Answer(status=201 if new else 204, location=f"/traits/{name}", modified=_since(call, name))

    return PendingAnswer(commands.CreateTrait(name=name), finish)


def _since(call: Call, name: str) -> int:
    try:
        return call.ledger.trait(name).at
    except TraitsNotFound:  # deleted since
        return now_us()


def delete_trait(call: Call) -> PendingAnswer:
    """Delete a trait."""
    return PendingAnswer(commands.DeleteTrait(name=call.terms["name"]), no_content)


def _newest(found: list[CatalogueEntry]) -> int:
    return max((named.at for named in found), default=now_us())
