"""1.6: Traits."""

from berth.api.placement.versions.change import Answer, Asked, VersionChange
from berth.api.placement.versions.links import PROVIDER_OPERATIONS, drop_link, without_relation


def _without_link(answer: Answer, _asked: Asked) -> None:
    drop_link(answer, "traits")


CHANGE = VersionChange(
    minor=6,
    title="Traits",
    why="What a provider is like, apart from how much it has.",
    opens=(
        "traits.list",
        "traits.show",
        "traits.ensure",
        "traits.delete",
        "provider_traits.show",
        "provider_traits.set",
        "provider_traits.clear",
    ),
    outgoing=dict.fromkeys(PROVIDER_OPERATIONS, _without_link),
    parts={"ProviderLink": without_relation("traits")},
)
