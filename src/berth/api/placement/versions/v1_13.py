"""1.13: `POST /allocations` for several consumers."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=13,
    title="`POST /allocations` for several consumers",
    why="Moving an instance is one claim that ends and one that begins: both or neither.",
    opens=("allocations.post",),
)
