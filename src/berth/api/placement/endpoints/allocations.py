"""Allocations: claims, usages, reshapes, and allocation candidates."""

from __future__ import annotations

from typing import Any

from berth.api.http.limits import check_request
from berth.api.http.messages import BadRequest
from berth.api.placement import render
from berth.api.placement.candidate_query import candidate_request
from berth.api.placement.funnel_link import funnel_link
from berth.api.placement.operation import Call, PendingAnswer, no_content, now_us, parse_inventories
from berth.api.placement.versions.change import Answer, Asked
from berth.model import commands
from berth.model.candidate import Candidates
from berth.model.commands import Claim, NewInventories
from berth.model.consumer import Resources, TypeUsage
from berth.model.errors import (
    AllocationProviderNotFound,
    AllocationsNotFound,
    ClassNotFound,
    ReshapedProviderNotFound,
    TraitsNotFound,
)
from berth.model.names import UNKNOWN_TYPE, parse_uuid

EVERY_TYPE = "all"


def candidates(call: Call) -> Answer:
    """Return the allocation candidates of a request."""
    request = candidate_request(call.query(), call.rules)
    check_request(call.limits, request)
    call.asked = Asked(frozenset(name for group in request.groups for name in group.resources))
    try:
        found = call.ledger.find(request)
    except (ClassNotFound, TraitsNotFound):
        if not call.ledger.placement_finds_nothing_first(request):
            raise
        found = Candidates([], {})
    link = None if found.candidates else funnel_link(request)
    payload = render.candidates(found, call.ledger.pause)
    return Answer(payload=payload, modified=now_us(), bounded=found.bounded, link=link)


def show(call: Call) -> Answer:
    """Return a consumer's allocations; an unknown consumer has none."""
    consumer = parse_uuid(call.terms["consumer_uuid"])
    found = None if consumer is None else call.ledger.allocations(consumer)
    return Answer(payload=render.consumer_allocations(found), modified=now_us() if found is None else found.updated_at)


def show_of_provider(call: Call) -> Answer:
    """Return the allocations of a provider."""
    found = call.ledger.allocations_of(call.existing_provider())
    return Answer(payload=render.provider_allocations(found), modified=found.updated_at or now_us())


def put(call: Call) -> PendingAnswer:
    """Set one consumer's allocations."""
    given = call.terms["consumer_uuid"]
    consumer = parse_uuid(given)
    if consumer is None:
        raise BadRequest(f"Malformed consumer_uuid: {given}")
    call.terms["consumer"] = consumer
    return PendingAnswer(commands.SetAllocations(claims=(_claim(consumer, call.body()),)), no_content)


def post(call: Call) -> PendingAnswer:
    """Set the allocations of several consumers, all or none."""
    return PendingAnswer(commands.SetAllocations(claims=_claims(call.body())), no_content)


def delete(call: Call) -> PendingAnswer:
    """Delete a consumer's allocations."""
    given = call.terms["consumer_uuid"]
    consumer = parse_uuid(given)
    if consumer is None:
        raise AllocationsNotFound(given)
    return PendingAnswer(commands.ReleaseAllocations(consumer=consumer), no_content)


def reshape(call: Call) -> PendingAnswer:
    """Change inventories and allocations together."""
    body = call.body()
    given = []
    for text, fields in body["inventories"].items():
        uuid = parse_uuid(text)
        if uuid is None:
            raise ReshapedProviderNotFound(text)
        generation = int(fields["resource_provider_generation"])
        given.append(NewInventories(uuid=uuid, inventories=parse_inventories(fields), generation=generation))
    if len({each.uuid for each in given}) != len(given):
        raise BadRequest("JSON does not validate: the same provider stands twice in 'inventories'")
    return PendingAnswer(commands.Reshape(inventories=tuple(given), claims=_claims(body["allocations"])), no_content)


def project_usages(call: Call) -> Answer:
    """Return a project's usage, by type of consumer."""
    last = dict(call.query())
    usages = call.ledger.project_usages(last["project_id"], last.get("user_id") or None)
    wanted = last.get("consumer_type")
    if wanted == EVERY_TYPE:
        shown = render.usages_by_type([_summed(usages)])
    elif wanted is not None:
        kind = None if wanted == UNKNOWN_TYPE else wanted
        shown = render.usages_by_type([usage for usage in usages if usage.type == kind])
    else:
        shown = render.usages_by_type(usages)
    return Answer(payload=shown, modified=now_us())


def _summed(usages: list[TypeUsage]) -> TypeUsage:
    total: Resources = {}
    for usage in usages:
        for name, amount in usage.resources.items():
            total[name] = total.get(name, 0) + amount
    return TypeUsage(EVERY_TYPE, sum(usage.consumers for usage in usages), total)


def _claims(body: dict[str, Any]) -> tuple[Claim, ...]:
    claims = []
    for text, fields in body.items():
        consumer = parse_uuid(text)
        if consumer is None:
            raise BadRequest(f"Malformed consumer_uuid: {text}")
        claims.append(_claim(consumer, fields))
    if len({claim.consumer for claim in claims}) != len(claims):
        raise BadRequest("JSON does not validate: the same consumer stands twice, in two spellings")
    return tuple(claims)


def _claim(consumer: str, fields: dict[str, Any]) -> Claim:
    allocations: dict[str, Resources] = {}
    for text, held in fields["allocations"].items():
        uuid = parse_uuid(text)
        if uuid is None:
            raise AllocationProviderNotFound(text)
        if uuid in allocations:
            raise BadRequest("JSON does not validate: the same provider stands twice, in two spellings")
        allocations[uuid] = {name: int(amount) for name, amount in held["resources"].items()}
    generation = fields["consumer_generation"]
    return Claim(
        consumer=consumer,
        allocations=allocations,
        project=fields["project_id"],
        user=fields["user_id"],
        generation=int(generation) if isinstance(generation, float) else generation,
        type=fields["consumer_type"],
    )
