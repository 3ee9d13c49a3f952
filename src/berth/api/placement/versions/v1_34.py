"""1.34: Mappings."""

from berth.api.placement.schemas import MAPPINGS, each_claim, reshaped, with_property, without
from berth.api.placement.versions.change import Answer, Asked, VersionChange


def _without_mappings(answer: Answer, _asked: Asked) -> None:
    for request in answer.payload["allocation_requests"]:
        del request["mappings"]


CHANGE = VersionChange(
    minor=34,
    title="Mappings",
    why="To know which provider serves which group, without guessing.",
    schemas={
        "allocations.put": lambda schema: with_property(schema, "mappings", MAPPINGS),
        "allocations.post": lambda schema: each_claim(schema, "mappings", MAPPINGS, required=False),
        "reshape": lambda schema: reshaped(schema, "mappings", MAPPINGS, required=False),
    },
    outgoing={"candidates.list": _without_mappings},
    parts={"AllocationRequest": without("mappings")},
)
