"""1.23: Error codes."""

from berth.api.placement.schemas import without
from berth.api.placement.versions.change import VersionChange

CHANGE = VersionChange(
    minor=23,
    title="Error codes",
    why="A program should not have to read an error's words.",
    rules=("error_codes",),
    parts={"Refusal": without("code")},
)
