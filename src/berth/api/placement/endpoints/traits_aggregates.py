"""Traits and aggregates of a provider."""

from __future__ import annotations

from berth.api.placement.operation import Call, PendingAnswer, no_content, now_us
from berth.api.placement.versions.change import Answer
from berth.model import commands
from berth.model.commands import UNCHECKED
from berth.model.validation import spelled_uuids


def show_traits(call: Call) -> Answer:
    """Return a provider's traits."""
    found = call.ledger.traits(call.existing_provider())
    payload = {"traits": found.traits, "resource_provider_generation": found.generation}
    return Answer(payload=payload, modified=now_us())


def set_traits(call: Call) -> PendingAnswer:
    """Replace a provider's traits."""
    body = call.body()
    names = sorted(set(body["traits"]))

    def finish(generation: int) -> Answer:
        return Answer(payload={"traits": names, "resource_provider_generation": generation}, modified=now_us())

    return PendingAnswer(
        commands.SetTraits(
            uuid=call.provider_uuid(),
            traits=frozenset(names),
            generation=int(body["resource_provider_generation"]),
        ),
        finish,
    )


def clear_traits(call: Call) -> PendingAnswer:
    """Delete a provider's traits."""
    return PendingAnswer(commands.SetTraits(uuid=call.provider_uuid(), traits=frozenset()), no_content)


def show_aggregates(call: Call) -> Answer:
    """Return a provider's aggregates."""
    found = call.ledger.aggregates(call.existing_provider())
    payload = {"aggregates": found.aggregates, "resource_provider_generation": found.generation}
    return Answer(payload=payload, modified=now_us())


def set_aggregates(call: Call) -> PendingAnswer:
    """Replace a provider's aggregates; the answer has them as spelled and ordered in the request."""
    uuid = call.existing_provider()
    body = call.body()
    given = spelled_uuids(body["aggregates"])
    generation = body["resource_provider_generation"]

    def finish(now_at: int) -> Answer:
        return Answer(payload={"aggregates": list(given), "resource_provider_generation": now_at}, modified=now_us())

    return PendingAnswer(
        commands.SetAggregates(
            uuid=uuid,
            aggregates=given,
            generation=generation if generation is UNCHECKED else int(generation),
            counts=generation is not UNCHECKED,
        ),
        finish,
    )
