"""1.22: Forbidden traits."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=22,
    title="Forbidden traits",
    why="To keep ordinary requests off special machines.",
    rules=("forbidden_traits",),
)
