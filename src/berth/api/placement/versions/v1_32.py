"""1.32: Forbidden aggregates."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=32,
    title="Forbidden aggregates",
    why="To keep ordinary requests off reserved machines.",
    rules=("forbidden_aggregates",),
)
