"""1.28: Consumers have generations; a claim may be for nothing."""

from berth.api.placement.schemas import CONSUMER_GENERATION, Schema, any_allocations, each_claim, with_property, without
from berth.api.placement.versions.change import Answer, Asked, Body, VersionChange
from berth.model.commands import UNCHECKED


def _unchecked(body: Body) -> Body:
    return {**body, "consumer_generation": UNCHECKED}


def _each_unchecked(body: Body) -> Body:
    return {consumer: _unchecked(claim) for consumer, claim in body.items()}


def _put(schema: Schema) -> Schema:
    return with_property(any_allocations(schema), "consumer_generation", CONSUMER_GENERATION, required=True)


def _without_generation(answer: Answer, _asked: Asked) -> None:
    answer.payload.pop("consumer_generation", None)


def _without_generations(answer: Answer, _asked: Asked) -> None:
    for held in answer.payload["allocations"].values():
        del held["consumer_generation"]


CHANGE = VersionChange(
    minor=28,
    title="Consumers have generations; a claim may be for nothing",
    why="Two writers of one consumer overwrote each other unseen.",
    schemas={
        "allocations.put": _put,
        "allocations.post": lambda schema: each_claim(schema, "consumer_generation", CONSUMER_GENERATION),
    },
    incoming={"allocations.put": _unchecked, "allocations.post": _each_unchecked},
    outgoing={"allocations.show": _without_generation, "provider_allocations.show": _without_generations},
    parts={"Consumer": without("consumer_generation"), "Holder": without("consumer_generation")},
)
