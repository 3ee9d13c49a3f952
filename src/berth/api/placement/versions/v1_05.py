"""1.5: `DELETE` of all inventories of a provider."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=5,
    title="`DELETE` of all inventories of a provider",
    why="Taking a provider out of use in one call.",
    opens=("inventories.clear",),
)
