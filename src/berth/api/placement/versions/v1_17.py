"""1.17: `required` on `GET /allocation_candidates`, traits in summaries."""

from berth.api.placement.schemas import STRING, with_property, without
from berth.api.placement.versions.change import Answer, Asked, VersionChange


def _without_traits(answer: Answer, _asked: Asked) -> None:
    for summary in answer.payload["provider_summaries"].values():
        del summary["traits"]


CHANGE = VersionChange(
    minor=17,
    title="`required` on `GET /allocation_candidates`, traits in summaries",
    why="To ask for what a provider is like.",
    schemas={"candidates.list": lambda schema: with_property(schema, "required", STRING)},
    outgoing={"candidates.list": _without_traits},
    parts={"ProviderSummary": without("traits")},
)
