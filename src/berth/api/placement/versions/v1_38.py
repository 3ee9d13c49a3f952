"""1.38: Consumer types."""

from berth.api.placement.responses import AMOUNTS
from berth.api.placement.schemas import (
    ASKED_CONSUMER_TYPE,
    CONSUMER_TYPE,
    each_claim,
    reshaped,
    with_property,
    without,
)
from berth.api.placement.versions.change import Answer, Asked, Body, VersionChange
from berth.model.commands import KEEP


def _keep_type(body: Body) -> Body:
    return {**body, "consumer_type": KEEP}


def _keep_types(body: Body) -> Body:
    return {consumer: _keep_type(claim) for consumer, claim in body.items()}


def _keep_reshaped_types(body: Body) -> Body:
    return {**body, "allocations": _keep_types(body["allocations"])}


def _without_type(answer: Answer, _asked: Asked) -> None:
    answer.payload.pop("consumer_type", None)


def _summed(answer: Answer, _asked: Asked) -> None:
    total: dict[str, int] = {}
    for usages in answer.payload["usages"].values():
        for name, amount in usages.items():
            if name != "consumer_count":
                total[name] = total.get(name, 0) + amount
    answer.payload["usages"] = total


CHANGE = VersionChange(
    minor=38,
    title="Consumer types",
    why="To tell what instances use from what migrations use.",
    schemas={
        "allocations.put": lambda schema: with_property(schema, "consumer_type", CONSUMER_TYPE, required=True),
        "allocations.post": lambda schema: each_claim(schema, "consumer_type", CONSUMER_TYPE),
        "reshape": lambda schema: reshaped(schema, "consumer_type", CONSUMER_TYPE),
        "project_usages.show": lambda schema: with_property(schema, "consumer_type", ASKED_CONSUMER_TYPE),
    },
    incoming={"allocations.put": _keep_type, "allocations.post": _keep_types, "reshape": _keep_reshaped_types},
    outgoing={"allocations.show": _without_type, "project_usages.show": _summed},
    parts={
        "Consumer": without("consumer_type"),
        "ProjectUsages": lambda schema: with_property(schema, "usages", AMOUNTS),
    },
)
