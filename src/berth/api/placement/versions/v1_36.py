"""1.36: `same_subtree`, and groups without resources."""

from berth.api.placement.schemas import STRING, with_property
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=36,
    title="`same_subtree`, and groups without resources",
    why="To ask for devices that are close to each other.",
    schemas={"candidates.list": lambda schema: with_property(schema, "same_subtree", STRING)},
    rules=("groups_without_resources",),
)
