"""1.1: Aggregates of a provider."""

from berth.api.placement.versions.change import Answer, Asked, VersionChange
from berth.api.placement.versions.links import PROVIDER_OPERATIONS, drop_link, without_relation


def _without_link(answer: Answer, _asked: Asked) -> None:
    drop_link(answer, "aggregates")


CHANGE = VersionChange(
    minor=1,
    title="Aggregates of a provider",
    why="To group providers, and later to share between them.",
    opens=("aggregates.show", "aggregates.set"),
    outgoing=dict.fromkeys(PROVIDER_OPERATIONS, _without_link),
    parts={"ProviderLink": without_relation("aggregates")},
)
