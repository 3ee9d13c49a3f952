"""1.29: Candidates look into trees."""

from berth.api.placement.schemas import without
from berth.api.placement.versions.change import Answer, Asked, VersionChange


def _without_tree(answer: Answer, _asked: Asked) -> None:
    for summary in answer.payload["provider_summaries"].values():
        del summary["parent_provider_uuid"], summary["root_provider_uuid"]


CHANGE = VersionChange(
    minor=29,
    title="Candidates look into trees",
    why="A request may be satisfied by a machine and its parts together.",
    rules=("trees",),
    outgoing={"candidates.list": _without_tree},
    parts={"ProviderSummary": without("parent_provider_uuid", "root_provider_uuid")},
)
