"""1.7: `PUT /resource_classes/{name}` makes sure that a class exists."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=7,
    title="`PUT /resource_classes/{name}` makes sure that a class exists",
    why="Renaming a class in use was a trap; creating one twice is not an error.",
    opens=("classes.ensure",),
    closes=("classes.rename",),
)
