"""1.30: `POST /reshaper`."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=30,
    title="`POST /reshaper`",
    why="Inventories that move to a child must take their allocations along.",
    opens=("reshape",),
)
