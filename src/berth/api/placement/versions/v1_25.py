"""1.25: Numbered groups of resources."""

from berth.api.placement.schemas import NUMBERED, Schema, closed, grouped
from berth.api.placement.versions.change import VersionChange


def _with_groups(schema: Schema) -> Schema:
    kept = {name: value for name, value in schema["properties"].items() if name == "limit"}
    policy = {"type": "string", "enum": ["none", "isolate"]}
    return closed(
        {**kept, "group_policy": policy}, patternProperties=grouped(NUMBERED, "resources", "required", "member_of")
    )


CHANGE = VersionChange(
    minor=25,
    title="Numbered groups of resources",
    why="Two network functions with different traits cannot be asked for in one group.",
    schemas={"candidates.list": _with_groups},
    rules=("groups",),
)
