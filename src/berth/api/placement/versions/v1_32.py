"""1.32: Forbidden aggregates."""

from berth.api.placement.versions.change import Change

CHANGE = Change(
    minor=32,
    title="Forbidden aggregates",
    why="To keep ordinary requests off reserved machines.",
    rules=("forbidden_aggregates",),
)
