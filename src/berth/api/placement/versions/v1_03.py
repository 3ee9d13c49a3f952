"""1.3: `member_of` on `GET /resource_providers`."""

from berth.api.placement.schemas import STRING, with_property
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=3,
    title="`member_of` on `GET /resource_providers`",
    why="To list the providers of an aggregate.",
    schemas={"providers.list": lambda schema: with_property(schema, "member_of", STRING)},
)
