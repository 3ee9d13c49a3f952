"""1.7: `PUT /resource_classes/{name}` makes sure that a class exists."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=7,
    title="`PUT /resource_classes/{name}` makes sure that a class exists",
    why="Renaming a class under its users was a trap; making one twice is no fault.",
    opens=("classes.ensure",),
    closes=("classes.rename",),
)
