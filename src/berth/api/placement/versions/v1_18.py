"""1.18: `required` on `GET /resource_providers`."""

from berth.api.placement.schemas import STRING, with_property
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=18,
    title="`required` on `GET /resource_providers`",
    why="To list the providers that are like that.",
    schemas={"providers.list": lambda schema: with_property(schema, "required", STRING)},
)
