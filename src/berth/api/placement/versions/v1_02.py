"""1.2: Custom resource classes."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=2,
    title="Custom resource classes",
    why="Deployments have kinds of resources that no catalogue lists.",
    opens=("classes.list", "classes.create", "classes.show", "classes.rename", "classes.delete"),
)
