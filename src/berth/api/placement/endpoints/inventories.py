"""Inventories of a provider."""

from __future__ import annotations

from typing import Any

from berth.api.placement import render
from berth.api.placement.endpoints.providers import nothing, provider_uuid
from berth.api.placement.endpoints.root import now_us
from berth.api.placement.operation import Call, PendingAnswer
from berth.api.placement.versions.change import NOTHING_THERE, Answer
from berth.model import commands
from berth.model.errors import InventoryNotFound
from berth.model.inventory import Inventory
from berth.model.provider import InventoryUsage

_WHOLE = ("total", "reserved", "min_unit", "max_unit", "step_size")


def list_(call: Call) -> Answer:
    """All inventories."""
    found = call.ledger.inventories(provider_uuid(call))
    newest = max((each.updated_at for each in found.inventories.values()), default=NOTHING_THERE)
    return Answer(payload=render.inventories(found), modified=newest)


def show(call: Call) -> Answer:
    """One inventory."""
    uuid, name = provider_uuid(call), call.item("resource_class")
    found = call.ledger.inventories(uuid)
    stocked = found.inventories.get(name)
    if stocked is None:
        raise InventoryNotFound(uuid, name)
    return _one(stocked, found.generation, stocked.updated_at)


def replace(call: Call) -> PendingAnswer:
    """All inventories, instead of those that are there."""
    uuid = existing_provider(call)
    body = call.body()
    given = {name: _inventory(fields) for name, fields in body["inventories"].items()}

    def finish(generation: int) -> Answer:
        shown = {name: render.inventory(each) for name, each in given.items()}
        return Answer(
            payload={"resource_provider_generation": generation, "inventories": shown},
            modified=now_us() if given else NOTHING_THERE,
        )

    return PendingAnswer(
        commands.SetInventories(
            uuid=uuid,
            inventories=given,
            generation=int(body["resource_provider_generation"]),
            reserved_may_equal_total="all_reserved" in call.rules,
        ),
        finish,
    )


def create(call: Call) -> PendingAnswer:
    """One more inventory."""
    uuid = existing_provider(call)
    body = call.body()
    given, name = _inventory(body), body["resource_class"]

    def finish(generation: int) -> Answer:
        answer = _one(given, generation, now_us())
        answer.status, answer.location = 201, f"{render.provider_path(uuid)}/inventories/{name}"
        return answer

    return PendingAnswer(
        commands.AddInventory(
            uuid=uuid,
            resource_class=name,
            inventory=given,
            reserved_may_equal_total="all_reserved" in call.rules,
        ),
        finish,
    )


def update(call: Call) -> PendingAnswer:
    """Other numbers for one inventory."""
    uuid = existing_provider(call)
    body = call.body()
    given = _inventory(body)
    return PendingAnswer(
        commands.UpdateInventory(
            uuid=uuid,
            resource_class=call.item("resource_class"),
            inventory=given,
            generation=int(body["resource_provider_generation"]),
            reserved_may_equal_total="all_reserved" in call.rules,
        ),
        lambda generation: _one(given, generation, now_us()),
    )


def delete(call: Call) -> PendingAnswer:
    """One inventory goes."""
    return PendingAnswer(
        commands.DeleteInventory(uuid=provider_uuid(call), resource_class=call.item("resource_class")), nothing
    )


def clear(call: Call) -> PendingAnswer:
    """All inventories go."""
    return PendingAnswer(commands.SetInventories(uuid=provider_uuid(call), inventories={}), nothing)


def usages(call: Call) -> Answer:
    """How much is held of each."""
    found = call.ledger.usages(provider_uuid(call))
    payload = {"resource_provider_generation": found.generation, "usages": found.usages}
    return Answer(payload=payload, modified=now_us())


def existing_provider(call: Call) -> str:
    """The provider that the path names: one that does not exist is said before a body that makes no sense."""
    uuid = provider_uuid(call)
    call.ledger.need_provider(uuid)
    return uuid


def inventories_in(body: dict[str, Any]) -> dict[str, Inventory]:
    """The inventories of a body, by class."""
    return {name: _inventory(fields) for name, fields in body["inventories"].items()}


def _inventory(fields: dict[str, Any]) -> Inventory:
    # JSON has one kind of number, so 4.0 is an integer to the schema: here it becomes one.
    whole = {name: int(fields[name]) for name in _WHOLE if name in fields}
    return Inventory(**whole, allocation_ratio=float(fields.get("allocation_ratio", 1.0)))


def _one(it: Inventory | InventoryUsage, generation: int, modified: int) -> Answer:
    payload = {**render.inventory(it), "resource_provider_generation": generation}
    return Answer(payload=payload, modified=modified)
