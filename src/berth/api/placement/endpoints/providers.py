"""Resource providers."""

from __future__ import annotations

import uuid as uuids

from berth.api.http.json_body import taken
from berth.api.http.limits import check_filter
from berth.api.placement import query_filters, render
from berth.api.placement.operation import Call, PendingAnswer, no_content, now_us
from berth.api.placement.versions.change import Answer
from berth.fleet.checked import checked
from berth.model import commands
from berth.model.commands import KEEP
from berth.model.errors import ClassNotFound, TraitsNotFound
from berth.model.names import parse_uuid
from berth.model.provider import Provider
from berth.model.request import ProviderQuery


def list_(call: Call) -> Answer:
    """Return the providers that match the query."""
    pairs = call.query()
    last = dict(pairs)
    required, forbidden = query_filters.traits(query_filters.values_of(pairs, "required"), call.rules)
    member_of, not_member_of = query_filters.aggregates(query_filters.values_of(pairs, "member_of"), "", call.rules)
    query = ProviderQuery(
        uuid=parse_uuid(last["uuid"]) if last.get("uuid") else None,
        name=last.get("name") or None,
        in_tree=parse_uuid(last["in_tree"]) if last.get("in_tree") else None,
        resources=query_filters.resources(last["resources"]) if "resources" in last else {},
        required=required,
        forbidden=forbidden,
        member_of=member_of,
        not_member_of=not_member_of,
    )
    check_filter(call.limits, query)
    try:
        found = call.ledger.providers(query)
    except (ClassNotFound, TraitsNotFound):
        if not call.ledger.placement_finds_nothing_first(query):
            raise
        found = []
    newest = max((provider.updated_at for provider in found), default=now_us())
    shown = [render.provider(each) for each in checked(taken(found), call.ledger.pause)]
    return Answer(payload={"resource_providers": shown}, modified=newest)


def create(call: Call) -> PendingAnswer:
    """Create a provider."""
    body = call.body()
    given = body.get("uuid")
    uuid = str(uuids.uuid4()) if given is None else parse_uuid(given)
    assert uuid is not None, "the schema lets only uuids through"
    call.terms.update(uuid=uuid, name=body["name"])
    parent = body.get("parent_provider_uuid")
    return PendingAnswer(
        commands.CreateProvider(uuid=uuid, name=body["name"], parent=None if parent is None else parse_uuid(parent)),
        _created,
    )


def _created(provider: Provider) -> Answer:
    return Answer(
        payload=render.provider(provider),
        modified=provider.updated_at,
        location=render.provider_path(provider.uuid),
    )


def show(call: Call) -> Answer:
    """Return one provider."""
    return _shown(call.ledger.provider(call.existing_provider()))


def _shown(provider: Provider) -> Answer:
    return Answer(payload=render.provider(provider), modified=provider.updated_at)


def update(call: Call) -> PendingAnswer:
    """Change a provider's name or parent."""
    uuid = call.existing_provider()
    body = call.body()
    parent = body.get("parent_provider_uuid", KEEP)
    return PendingAnswer(
        commands.UpdateProvider(
            uuid=uuid,
            name=body["name"],
            parent=parse_uuid(parent) if isinstance(parent, str) else parent,
            reparenting="reparenting" in call.rules,
        ),
        _shown,
    )


def delete(call: Call) -> PendingAnswer:
    """Delete a provider."""
    return PendingAnswer(commands.DeleteProvider(uuid=call.provider_uuid()), no_content)
