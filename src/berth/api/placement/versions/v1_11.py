"""1.11: A link to a provider's allocations."""

from berth.api.placement.versions.change import Answer, Asked, VersionChange
from berth.api.placement.versions.links import PROVIDER_OPERATIONS, drop_link, without_relation


def _without_link(answer: Answer, _asked: Asked) -> None:
    drop_link(answer, "allocations")


CHANGE = VersionChange(
    minor=11,
    title="A link to a provider's allocations",
    why="Clients that see a provider can find its allocations.",
    outgoing=dict.fromkeys(PROVIDER_OPERATIONS, _without_link),
    parts={"ProviderLink": without_relation("allocations")},
)
