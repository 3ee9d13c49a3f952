"""1.9: `GET /usages`."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=9,
    title="`GET /usages`",
    why="Quotas need what a project uses in all.",
    opens=("project_usages.show",),
)
