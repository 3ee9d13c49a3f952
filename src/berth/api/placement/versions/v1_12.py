"""1.12: Allocations by provider, the same form in and out."""

from berth.api.placement.schemas import (
    ALLOCATIONS_BY_PROVIDER,
    ALLOCATIONS_LIST,
    Schema,
    strangers_first,
    with_property,
    without,
)
from berth.api.placement.versions.change import Answer, Asked, Body, VersionChange


def _put(schema: Schema) -> Schema:
    return strangers_first(with_property(schema, "allocations", ALLOCATIONS_BY_PROVIDER))


def _by_provider(body: Body) -> Body:
    allocations = {each["resource_provider"]["uuid"]: {"resources": each["resources"]} for each in body["allocations"]}
    return {**body, "allocations": allocations}


def _without_owner(answer: Answer, _asked: Asked) -> None:
    answer.payload.pop("project_id", None)
    answer.payload.pop("user_id", None)


def _as_list(answer: Answer, _asked: Asked) -> None:
    for request in answer.payload["allocation_requests"]:
        request["allocations"] = [
            {"resource_provider": {"uuid": uuid}, "resources": held["resources"]}
            for uuid, held in request["allocations"].items()
        ]


CHANGE = VersionChange(
    minor=12,
    title="Allocations by provider, the same form in and out",
    why="What candidates offer and GET shows can be PUT as it is.",
    schemas={"allocations.put": _put},
    incoming={"allocations.put": _by_provider},
    outgoing={"allocations.show": _without_owner, "candidates.list": _as_list},
    parts={
        "Consumer": without("project_id", "user_id"),
        "AllocationRequest": lambda schema: with_property(schema, "allocations", ALLOCATIONS_LIST),
    },
)
