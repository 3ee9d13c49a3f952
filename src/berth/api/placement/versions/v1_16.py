"""1.16: `limit` on `GET /allocation_candidates`."""

from berth.api.placement.schemas import LIMIT, with_property
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=16,
    title="`limit` on `GET /allocation_candidates`",
    why="A caller that takes the first fit need not be sent thousands.",
    schemas={"candidates.list": lambda schema: with_property(schema, "limit", LIMIT)},
)
