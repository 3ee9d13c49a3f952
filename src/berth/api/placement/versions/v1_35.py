"""1.35: `root_required` on `GET /allocation_candidates`."""

from berth.api.placement.schemas import STRING, with_property
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=35,
    title="`root_required` on `GET /allocation_candidates`",
    why="To filter by traits of the machine, independently of its parts.",
    schemas={"candidates.list": lambda schema: with_property(schema, "root_required", STRING)},
)
