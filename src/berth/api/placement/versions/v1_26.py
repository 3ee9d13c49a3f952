"""1.26: All of an inventory may be reserved."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=26,
    title="All of an inventory may be reserved",
    why="To drain a provider without removing its inventory.",
    rules=("all_reserved",),
)
