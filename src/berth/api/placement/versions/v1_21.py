"""1.21: `member_of` on `GET /allocation_candidates`."""

from berth.api.placement.schemas import STRING, with_property
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=21,
    title="`member_of` on `GET /allocation_candidates`",
    why="To ask within an aggregate.",
    schemas={"candidates.list": lambda schema: with_property(schema, "member_of", STRING)},
)
