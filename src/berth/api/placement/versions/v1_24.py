"""1.24: Several `member_of`."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=24,
    title="Several `member_of`",
    why="To ask for providers that are in this aggregate and in that.",
    rules=("several_member_of",),
)
