"""Inventories of a provider."""

from __future__ import annotations

from berth.api.placement import render
from berth.api.placement.operation import Call, PendingAnswer, no_content, now_us, parse_inventories, parse_inventory
from berth.api.placement.versions.change import NOTHING_THERE, Answer
from berth.model import commands
from berth.model.errors import InventoryNotFound
from berth.model.inventory import Inventory
from berth.model.provider import InventoryUsage


def list_(call: Call) -> Answer:
    """Return all inventories of a provider."""
    found = call.ledger.inventories(call.existing_provider())
    newest = max((each.updated_at for each in found.inventories.values()), default=NOTHING_THERE)
    return Answer(payload=render.inventories(found), modified=newest)


def show(call: Call) -> Answer:
    """Return one inventory."""
    uuid, name = call.existing_provider(), call.terms["resource_class"]
    found = call.ledger.inventories(uuid)
    stocked = found.inventories.get(name)
    if stocked is None:
        raise InventoryNotFound(uuid, name)
    return _one(stocked, found.generation, stocked.updated_at)


def replace(call: Call) -> PendingAnswer:
    """Replace all inventories of a provider."""
    uuid = call.existing_provider()
    body = call.body()
    given = parse_inventories(body)

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
    """Add an inventory."""
    uuid = call.existing_provider()
    body = call.body()
    given, name = parse_inventory(body), body["resource_class"]

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
    """Change one inventory."""
    uuid = call.existing_provider()
    body = call.body()
    given = parse_inventory(body)
    return PendingAnswer(
        commands.UpdateInventory(
            uuid=uuid,
            resource_class=call.terms["resource_class"],
            inventory=given,
            generation=int(body["resource_provider_generation"]),
            reserved_may_equal_total="all_reserved" in call.rules,
        ),
        lambda generation: _one(given, generation, now_us()),
    )


def delete(call: Call) -> PendingAnswer:
    """Delete one inventory."""
    return PendingAnswer(
        commands.DeleteInventory(uuid=call.provider_uuid(), resource_class=call.terms["resource_class"]), no_content
    )


def clear(call: Call) -> PendingAnswer:
    """Delete all inventories of a provider."""
    return PendingAnswer(commands.SetInventories(uuid=call.provider_uuid(), inventories={}), no_content)


def usages(call: Call) -> Answer:
    """Return the allocated amount of each class."""
    found = call.ledger.usages(call.existing_provider())
    payload = {"resource_provider_generation": found.generation, "usages": found.usages}
    return Answer(payload=payload, modified=now_us())


def _one(it: Inventory | InventoryUsage, generation: int, modified: int) -> Answer:
    payload = {**render.inventory(it), "resource_provider_generation": generation}
    return Answer(payload=payload, modified=modified)
