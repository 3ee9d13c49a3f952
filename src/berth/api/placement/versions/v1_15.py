"""1.15: `last-modified` and `cache-control` headers."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=15,
    title="`last-modified` and `cache-control` headers",
    why="Nothing here may be served from a cache unasked.",
    rules=("dated",),
)
