"""1.39: Any of several traits."""

from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=39,
    title="Any of several traits",
    why="`required=in:A,B`: either will do.",
    rules=("any_traits",),
)
