"""1.37: Providers may change or lose their parent."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=37,
    title="Providers may change or lose their parent",
    why="Trees that were modelled wrongly had to be deleted and made again.",
    rules=("reparenting",),
)
