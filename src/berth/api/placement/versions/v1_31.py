"""1.31: `in_tree` on `GET /allocation_candidates`."""

from berth.api.placement.schemas import NUMBERED, Schema, grouped
from berth.api.placement.versions.change import VersionChange


def _in_tree(schema: Schema) -> Schema:
    return {**schema, "patternProperties": {**schema["patternProperties"], **grouped(NUMBERED, "in_tree")}}


CHANGE = VersionChange(
    minor=31,
    title="`in_tree` on `GET /allocation_candidates`",
    why="To ask about one machine.",
    schemas={"candidates.list": _in_tree},
)
