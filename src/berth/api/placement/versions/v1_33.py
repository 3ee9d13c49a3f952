"""1.33: Named groups of resources."""

from berth.api.placement.schemas import NAMED, Schema, grouped
from berth.api.placement.versions.change import VersionChange


def _named(schema: Schema) -> Schema:
    return {**schema, "patternProperties": grouped(NAMED, "resources", "required", "member_of", "in_tree")}


CHANGE = VersionChange(
    minor=33,
    title="Named groups of resources",
    why="A suffix that says what it is for is easier to follow than a number.",
    schemas={"candidates.list": _named},
    rules=("named_groups",),
)
