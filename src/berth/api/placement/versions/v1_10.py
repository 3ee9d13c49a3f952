"""1.10: `GET /allocation_candidates`."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=10,
    title="`GET /allocation_candidates`",
    why="To ask where a request fits, instead of filtering every provider oneself.",
    opens=("candidates.list",),
)
