"""1.4: `resources` on `GET /resource_providers`."""

from berth.api.placement.schemas import STRING, with_property
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=4,
    title="`resources` on `GET /resource_providers`",
    why="To list the providers that have room.",
    schemas={"providers.list": lambda schema: with_property(schema, "resources", STRING)},
)
